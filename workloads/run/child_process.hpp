#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/result.hpp"

namespace assay {

/// Runs `body` in a forked child and returns the text that it returned. The calling process should
/// hold no threads but its first: a child gets a copy of the calling thread only. A stop asked of
/// the parent is passed to the child's token; a child that does not end within ten seconds is
/// killed. When the parent dies, the child does.
/// Errors: io (no process, no pipe), interrupted, does_not_fit (killed by the system), internal
/// (the child crashed). `what` names the work in messages.
Result<std::string> run_in_child(const std::string& what,
                                 const std::function<std::string(const std::stop_token&)>& body,
                                 const std::stop_token& stop);

}  // namespace assay
