#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "advisor/engine_factor.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"

namespace assay {

/// The factors of other engines that were imported on this machine (`engines.json` in the state
/// directory); none when nothing was, or on another machine. Errors: refused_input for a broken
/// file.
Result<std::vector<EngineFactor>> stored_factors(const std::filesystem::path& state,
                                                 const std::string& machine_id);

/// Takes their place. Errors: usage without a state directory; io.
Result<void> store_factors(const std::filesystem::path& state, const std::string& machine_id,
                           const std::vector<EngineFactor>& factors);

/// What other engines would reach in place of a rate here; a broken file is named on stderr and
/// left aside.
std::vector<EngineEstimate> other_engines(const Invocation& invocation,
                                          const std::string& machine_id, const std::string& format,
                                          const Estimate& decode);

/// The same in sentences, one a line: "In llama.cpp you would see about 5 tokens/s ...".
std::string other_engines_text(const std::vector<EngineEstimate>& estimates);

}  // namespace assay
