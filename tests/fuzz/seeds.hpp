#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace assay {

/// Everything up to the first tensor's data. Requires a right GGUF file.
std::string gguf_header_of(std::string_view file);

/// Hands over the seeds of a target, each with a name: right inputs made from the golden models,
/// the fixtures and the files that are compiled in. Requires a name of fuzz_targets().
void for_each_seed(std::string_view target,
                   const std::function<void(std::string_view name, std::string_view seed)>& take);

}  // namespace assay
