#pragma once

#include <string>
#include <vector>

#include "tests/end_to_end/program.hpp"

namespace assay {

/// Runs the built assay on a file that may be hostile, and expects what holds for every file: no
/// signal, at most 1 GiB of memory, 5 seconds and 64 KiB of output, and no control character of the
/// file on the terminal.
ProgramRun run_on_hostile_file(const std::vector<std::string>& arguments,
                               const std::filesystem::path& state);

}  // namespace assay
