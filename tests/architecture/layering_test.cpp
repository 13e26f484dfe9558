// The house of docs/architecture.md, checked: which layer may include which, what is private to a
// layer, and how long a file may be.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace assay {
namespace {

namespace fs = std::filesystem;

// Lowest first: a layer includes itself and the layers before it.
const std::vector<std::string> k_layers{
    "base", "probes", "reference-engine", "workloads", "advisor", "reports", "cli"};
constexpr std::size_t k_most_lines = 600;

struct Include {
  std::string from;  // path below the root
  std::string to;
};

fs::path root() { return fs::path(ASSAY_TEST_ROOT).parent_path(); }

std::size_t layer_index(const std::string& path) {
  const std::string layer = path.substr(0, path.find('/'));
  return static_cast<std::size_t>(std::find(k_layers.begin(), k_layers.end(), layer) -
                                  k_layers.begin());
}

std::vector<fs::path> source_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".cpp" || extension == ".hpp" || extension == ".inl") {
      files.push_back(entry.path());
    }
  }
  return files;
}

/// Every quoted include of a file, read from its text.
std::vector<Include> includes_of(const fs::path& file) {
  std::vector<Include> includes;
  std::ifstream stream(file);
  const std::string from = fs::relative(file, root()).generic_string();
  for (std::string line; std::getline(stream, line);) {
    constexpr std::string_view k_start = "#include \"";
    if (!line.starts_with(k_start)) continue;
    const std::string rest = line.substr(k_start.size());
    includes.push_back({from, rest.substr(0, rest.find('"'))});
  }
  return includes;
}

/// What is wrong with an include; empty when nothing is.
std::string problem_of(const Include& include) {
  const std::size_t from = layer_index(include.from);
  const std::size_t to = layer_index(include.to);
  if (to == k_layers.size()) return "names no layer (the include root is the repository)";
  if (to > from) return "points upwards: " + k_layers[from] + " may not know " + k_layers[to];
  const bool is_public = std::count(include.to.begin(), include.to.end(), '/') == 1;
  if (to != from && !is_public) return "reaches into a private folder of " + k_layers[to];
  return {};
}

TEST(Layering, EveryIncludePointsDownToAPublicHeader) {
  std::size_t checked = 0;
  for (const auto& layer : k_layers) {
    for (const auto& file : source_files(root() / layer)) {
      for (const auto& include : includes_of(file)) {
        EXPECT_EQ(problem_of(include), "") << include.from << " includes " << include.to;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 100U) << "the search found too little to mean anything";
}

TEST(Layering, NoticesEachKindOfWrongInclude) {
  EXPECT_NE(problem_of({"base/text.cpp", "cli/command.hpp"}), "");
  EXPECT_NE(problem_of({"advisor/verdict.cpp", "reports/assessment.hpp"}), "");
  EXPECT_NE(problem_of({"workloads/bench.cpp", "reference-engine/ops/matmul.hpp"}), "");
  EXPECT_NE(problem_of({"workloads/bench.cpp", "matmul.hpp"}), "");
  EXPECT_EQ(problem_of({"workloads/bench.cpp", "workloads/run/cell.hpp"}), "");
  EXPECT_EQ(problem_of({"workloads/bench.cpp", "reference-engine/session.hpp"}), "");
}

TEST(Layering, NoFileIsTooLong) {
  std::vector<std::string> folders = k_layers;
  folders.insert(folders.end(), {"tests", "bench"});
  for (const auto& folder : folders) {
    for (const auto& file : source_files(root() / folder)) {
      std::ifstream stream(file);
      const auto lines = std::count(std::istreambuf_iterator<char>(stream), {}, '\n');
      EXPECT_LE(static_cast<std::size_t>(lines), k_most_lines) << file;
    }
  }
}

/// Models are data: only the mapping from a file's keys to a ModelSpec may ask for an architecture
/// by name.
TEST(Layering, NoCodeAsksForAnArchitecture) {
  const std::vector<std::string> names{"\"llama\"",    "\"qwen2\"", "\"qwen3\"",
                                       "\"qwen3moe\"", "\"olmoe\"", "\"mistral3\""};
  std::size_t places = 0;
  for (const auto& layer : {"reference-engine", "workloads", "reports", "cli"}) {
    for (const auto& file : source_files(root() / layer)) {
      const std::string path = fs::relative(file, root()).generic_string();
      // The tokenizer kinds of a GGUF vocabulary share a name with an architecture.
      if (path.starts_with("reference-engine/tokenizer")) continue;
      std::ifstream stream(file);
      const std::string text(std::istreambuf_iterator<char>(stream), {});
      for (const auto& name : names) {
        if (text.find(name) == std::string::npos) continue;
        ++places;
        EXPECT_TRUE(path.starts_with("reference-engine/spec/")) << path << " names " << name;
      }
    }
  }
  EXPECT_GT(places, 0U) << "the mapping itself was not found";
}

}  // namespace
}  // namespace assay
