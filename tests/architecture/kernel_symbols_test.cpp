// Code compiled for one instruction set must not leak into the rest of the program: a function that
// two translation units share could be kept in the copy that only newer processors can run. So an
// instruction set's objects define their tables and nothing else that the linker sees.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <vector>

namespace assay {
namespace {

namespace fs = std::filesystem;

/// Objects of kernels/<instruction set>/, from the list that the build wrote.
std::vector<std::string> instruction_set_objects() {
  std::ifstream list(ASSAY_ENGINE_OBJECTS);
  std::vector<std::string> objects;
  for (std::string line; std::getline(list, line);) {
    if (std::regex_search(line, std::regex("/kernels/[a-z0-9_]+/[a-z0-9_]+\\.cpp"))) {
      if (line.find("/kernels/scalar/") == std::string::npos) objects.push_back(line);
    }
  }
  return objects;
}

/// What a command prints.
std::vector<std::string> lines_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::vector<std::string> lines;
  std::array<char, 4096> line{};
  while (pipe && fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) {
    lines.emplace_back(line.data());
  }
  return lines;
}

/// Symbols that an object defines, as "TYPE name".
std::vector<std::string> defined_symbols(const std::string& object) {
  std::vector<std::string> symbols;
  for (const std::string& line :
       lines_of(std::string(ASSAY_NM) + " --defined-only '" + object + "'")) {
    const std::size_t space = line.find(' ');
    if (space != std::string::npos) symbols.push_back(line.substr(space + 1));
  }
  return symbols;
}

TEST(KernelSymbols, AnInstructionSetDefinesItsTablesAndNothingElse) {
  const std::vector<std::string> objects = instruction_set_objects();
#if defined(__x86_64__) || defined(__aarch64__)
  ASSERT_FALSE(objects.empty());
#endif
  for (const std::string& object : objects) {
    const std::vector<std::string> symbols = defined_symbols(object);
    std::size_t tables = 0;
    for (const std::string& symbol : symbols) {
      const char type = symbol[0];
      if (type >= 'a' && type <= 'z' && type != 'u' && type != 'v' && type != 'w') continue;
      const bool is_table =
          std::regex_search(symbol, std::regex("^[DRB] _ZN5assay[0-9]+k_[a-z0-9_]+E"));
      EXPECT_TRUE(is_table) << object << " defines " << symbol;
      if (is_table) ++tables;
    }
    EXPECT_EQ(tables, 1U) << object;
  }
}

TEST(KernelSymbols, AnInstructionSetIncludesOnlyWhatHoldsNoFunctions) {
  const fs::path kernels = fs::path(ASSAY_TEST_ROOT).parent_path() / "reference-engine/kernels";
  for (const auto& folder : fs::directory_iterator(kernels)) {
    if (!folder.is_directory() || folder.path().filename() == "scalar") continue;
    const std::string name = folder.path().filename().string();
    const std::string all = "\"reference-engine/kernels/";
    const std::string own = all + name + "/";
    const std::string family = all + name.substr(0, name.find('_'));  // x86 of x86_avx2
    const std::string panels = all + "panels/";  // of every family, and includes any
    for (const auto& file : fs::directory_iterator(folder.path())) {
      std::ifstream stream(file.path());
      for (std::string line; std::getline(stream, line);) {
        if (!line.starts_with("#include ")) continue;
        const std::string what = line.substr(9);
        const bool allowed = what == "<immintrin.h>" || what == "<arm_neon.h>" ||
                             what == "<cstddef>" || what == "<cstdint>" ||
                             what == "\"reference-engine/kernel_table.hpp\"" ||
                             what.starts_with(own) || what.starts_with(family + "/") ||
                             (what.starts_with(family + "_") && what.ends_with(".inl\"")) ||
                             what.starts_with(panels) || (own == panels && what.starts_with(all));
        EXPECT_TRUE(allowed) << file.path() << ": " << line;
      }
    }
  }
}

/// An object's instructions.
struct Code {
  std::size_t instructions = 0;
  std::size_t evex = 0;    // encoded as AVX-512 is: 62 is no other instruction's first byte
  std::size_t wanted = 0;  // whose name begins with one that is asked for
};

Code code_of(const std::string& object, const std::string& wanted) {
  // "  1a:<tab>c4 e2 6d 50 c1 <tab>{vex} vpdpbusd %ymm1,%ymm2,%ymm0"; of AArch64 one word:
  // "  1c:<tab>6e41ec00 <tab>bfmmla<tab>v0.4s, v0.8h, v1.8h"
  const std::regex instruction(
      "^ *[0-9a-f]+:\\s+((?:[0-9a-f]{2} |[0-9a-f]{8} )+)\\s*(?:\\{[a-z]+\\} )?(\\S+)");
  Code code;
  for (const std::string& line : lines_of(std::string(ASSAY_OBJDUMP) + " -d '" + object + "'")) {
    std::smatch match;
    if (!std::regex_search(line, match, instruction)) continue;
    ++code.instructions;
    if (match[1].str().starts_with("62")) ++code.evex;
    if (match[2].str().starts_with(wanted)) ++code.wanted;
  }
  return code;
}

#if defined(__x86_64__)
/// An object's code as text.
std::string disassembly(const std::string& object) {
  std::string text;
  for (const std::string& line : lines_of(std::string(ASSAY_OBJDUMP) + " -d '" + object + "'")) {
    text += line;
  }
  return text;
}

/// Without its compiler flag a source would be compiled with a model of its instruction.
TEST(KernelSymbols, InstructionsAreTheProcessorsOwn) {
  struct Expected {
    std::string folder;
    std::string instruction;
    std::size_t objects;
  };
  for (const Expected& expected :
       {Expected{"x86_avx_vnni", "vpdpbusd", 3}, Expected{"x86_avx512_bf16", "vdpbf16ps", 2},
        Expected{"x86_amx", "tdp", 5}, Expected{"x86_amx_bf16", "tdpbf16ps", 2}}) {
    std::size_t objects = 0;
    for (const std::string& object : instruction_set_objects()) {
      if (object.find("/kernels/" + expected.folder + "/") == std::string::npos) continue;
      EXPECT_GT(code_of(object, expected.instruction).wanted, 0U) << object;
      ++objects;
    }
    EXPECT_EQ(objects, expected.objects) << expected.folder;
  }
}

/// Which few processors have: in no object of another set.
TEST(KernelSymbols, InstructionsOfASetAreInNoOther) {
  struct Kept {
    std::string instruction;
    std::regex folders;
  };
  const std::vector<Kept> all{{"vdpbf16ps", std::regex("/kernels/x86_(avx512|amx)_bf16/")},
                              {"tdpbf16ps", std::regex("/kernels/x86_amx(_bf16)?/")},
                              {"tdpbssd", std::regex("/kernels/x86_amx/")}};
  for (const std::string& object : instruction_set_objects()) {
    const std::string code = disassembly(object);
    for (const Kept& kept : all) {
      if (std::regex_search(object, kept.folders)) continue;
      EXPECT_EQ(code.find(kept.instruction), std::string::npos)
          << object << ": " << kept.instruction;
    }
  }
}

/// Processors with AVX-VNNI need not have AVX-512, which has the same instruction in another
/// encoding.
TEST(KernelSymbols, NothingIsEncodedForAvx512WhereThatIsNotAskedFor) {
  std::size_t objects = 0;
  for (const std::string& object : instruction_set_objects()) {
    if (!std::regex_search(object, std::regex("/kernels/x86_avx(2|_vnni)/"))) continue;
    const Code code = code_of(object, "v");
    EXPECT_GT(code.instructions, 0U) << object;
    EXPECT_EQ(code.evex, 0U) << object;
    ++objects;
  }
  EXPECT_GT(objects, 3U);
}
#elif defined(__aarch64__)
/// What only some processors have is found in so many objects of its folder, and in no other.
TEST(KernelSymbols, InstructionsAreInTheirFolderOnly) {
  struct Expected {
    std::string folder;
    std::string instruction;
    std::size_t objects;
  };
  for (const Expected& expected :
       {Expected{"arm_i8mm", "smmla", 3}, Expected{"arm_bf16", "bfmmla", 2},
        Expected{"arm_bf16", "bfdot", 1}, Expected{"arm_fhm", "fmlal", 1}}) {
    std::size_t objects = 0;
    for (const std::string& object : instruction_set_objects()) {
      const bool own = object.find("/kernels/" + expected.folder + "/") != std::string::npos;
      const Code code = code_of(object, expected.instruction);
      EXPECT_GT(code.instructions, 0U) << object;
      if (code.wanted == 0) continue;
      EXPECT_TRUE(own) << object << ": " << expected.instruction;
      ++objects;
    }
    EXPECT_EQ(objects, expected.objects) << expected.instruction;
  }
}
#endif

}  // namespace
}  // namespace assay
