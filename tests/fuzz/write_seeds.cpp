// Writes the seeds of every fuzzer: DIRECTORY/TARGET/NAME.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/seeds.hpp"
#include "tests/fuzz/targets.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: fuzz_seeds DIRECTORY\n", stderr);
    return 2;
  }
  try {
    for (const assay::FuzzTarget& target : assay::fuzz_targets()) {
      const std::filesystem::path folder = std::filesystem::path(arguments[1]) / target.name;
      std::filesystem::create_directories(folder);
      assay::for_each_seed(target.name, [&](std::string_view name, std::string_view seed) {
        std::ofstream(folder / name, std::ios::binary) << seed;
      });
    }
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", problem.what());
    return 1;
  }
  return 0;
}
