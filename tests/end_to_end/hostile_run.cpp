#include "tests/end_to_end/hostile_run.hpp"

#include <gtest/gtest.h>

namespace assay {

ProgramRun run_on_hostile_file(const std::vector<std::string>& arguments,
                               const std::filesystem::path& state) {
  constexpr std::uint64_t k_most_memory = std::uint64_t{1} << 30U;
  constexpr double k_most_seconds = 5.0;
  constexpr std::size_t k_most_output = std::size_t{64} << 10U;
  ProgramRun run =
      run_assay(arguments, {.state = state, .limit_seconds = 10, .address_space = k_most_memory});
  EXPECT_EQ(run.signal, 0) << run.standard_error;
  EXPECT_LE(run.peak_bytes, k_most_memory);
  EXPECT_LE(run.seconds, k_most_seconds);
  EXPECT_LE(run.standard_output.size() + run.standard_error.size(), k_most_output);
  for (const std::string* text : {&run.standard_output, &run.standard_error}) {
    EXPECT_EQ(text->find_first_of("\x1b\x07\x7f"), std::string::npos) << *text;
  }
  return run;
}

}  // namespace assay
