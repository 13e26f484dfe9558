#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace assay {

/// How one run of a program ended, and what it printed.
struct ProgramRun {
  int exit_code = -1;  // -1: ended by a signal
  int signal = 0;
  std::string standard_output;
  std::string standard_error;
  double seconds = 0.0;
  std::uint64_t peak_bytes = 0;  // resident; at least what the test itself had when it started it
};

struct ProgramOptions {
  std::filesystem::path state{};       // ASSAY_STATE; a directory of the test's own
  std::string standard_output_file{};  // instead of capturing
  int interrupt_after_ms = 0;          // sends `interrupt` after so many milliseconds
  int interrupt = 0;
  int limit_seconds = 120;
  std::uint64_t address_space = 0;  // bytes; 0: no limit
};

/// Runs `command` (the first word is the program) and waits for its end.
ProgramRun run_program(const std::vector<std::string>& command, const ProgramOptions& options);

/// Runs the built assay with these arguments.
ProgramRun run_assay(std::vector<std::string> arguments, const ProgramOptions& options);

}  // namespace assay
