#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace assay {

/// Runs `work` in a child process and gives back the text that it returns: for libraries that may
/// hang, crash or need their environment changed. The child is killed when `limit` is over.
/// Errors: unknown, when the child died, hung or said nothing.
Result<std::string> run_in_child(const std::function<std::string()>& work,
                                 std::chrono::milliseconds limit);

}  // namespace assay
