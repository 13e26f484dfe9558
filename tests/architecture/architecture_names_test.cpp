// Models are data: an architecture's name may stand only in the tables that map names to specs.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace assay {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> k_layers{
    "base", "probes", "reference-engine", "workloads", "advisor", "reports", "cli"};
const std::vector<std::string> k_names{"llama", "qwen2",   "qwen3",    "qwen3moe",
                                       "olmoe", "mixtral", "deepseek2"};
const std::set<std::string> k_mappings{
    "reference-engine/spec/architecture_table.cpp",  // GGUF: general.architecture
    "advisor/config_json/config_type.cpp",           // config.json: model_type
    "reference-engine/tokenizer/vocabulary.cpp",     // "llama" also names a kind of tokenizer
};

std::string without_comments(const fs::path& path) {
  std::ifstream stream(path);
  std::string code;
  for (std::string line; std::getline(stream, line);)
    code += line.substr(0, line.find("//")) + "\n";
  return code;
}

TEST(ArchitectureNames, StandOnlyInTheMappings) {
  const fs::path root = fs::path(ASSAY_TEST_ROOT).parent_path();
  std::set<std::string> found;
  for (const std::string& layer : k_layers) {
    for (const auto& entry : fs::recursive_directory_iterator(root / layer)) {
      if (!entry.is_regular_file()) continue;
      const std::string extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".inl") continue;
      const std::string path = fs::relative(entry.path(), root).generic_string();
      const std::string code = without_comments(entry.path());
      const bool named = std::any_of(k_names.begin(), k_names.end(), [&](const std::string& name) {
        return code.find('"' + name + '"') != std::string::npos;
      });
      if (!named) continue;
      found.insert(path);
      EXPECT_TRUE(k_mappings.contains(path)) << path << " asks for an architecture by name";
    }
  }
  EXPECT_EQ(found, k_mappings);  // a list entry that is no longer needed goes, too
}

}  // namespace
}  // namespace assay
