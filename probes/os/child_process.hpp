#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// What a child process does, and the text that it gives back.
using ChildWork = std::function<std::string()>;

/// Runs `work` in a child process and gives back the text that it returns: for libraries that may
/// hang, crash or need their environment changed. The child is killed when `limit` is over, prints
/// nowhere, holds none of this process's files and cannot write one.
/// Errors: unknown, when the child died, hung, left early or said more than 16 MiB.
Result<std::string> run_in_child(const ChildWork& work, std::chrono::milliseconds limit);

/// The same for several works at the same time, each in a child of its own; one limit for all. The
/// answers are in the works' order.
std::vector<Result<std::string>> run_in_children(std::span<const ChildWork> works,
                                                 std::chrono::milliseconds limit);

}  // namespace assay
