// Runs damaged golden models through the whole engine and says what became of them.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "tests/fuzz/mutations.hpp"

int main(int count, char** arguments) {
  try {
    const std::uint64_t mutations = count > 1 ? std::stoull(arguments[1]) : 20000;
    const std::uint64_t first = count > 2 ? std::stoull(arguments[2]) : 0;
    const auto outcome = assay::run_mutations(assay::ModelMutations(), first, mutations);
    fmt::print(
        "{} mutations: {} refused, {} would not fit, {} ran; the slowest ({}) took {:.3f} s\n",
        mutations, outcome.refused, outcome.too_large, outcome.ran, outcome.slowest,
        outcome.slowest_seconds);
    for (const std::string& fault : outcome.faults)
      fmt::print("refused without a name: {}\n", fault);
    return outcome.faults.empty() && outcome.slowest_seconds < 5.0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "usage: mutate_models [COUNT [FIRST]]: {}\n", problem.what());
    return 2;
  }
}
