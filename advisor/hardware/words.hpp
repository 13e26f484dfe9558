#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// What tells a processor or a GPU apart, of a name as its vendor or its driver writes it: "rtx",
/// "4060".
std::vector<std::string> hardware_words(std::string_view name);

/// "rtx4060" and "rtx 4060" are the same.
std::string joined_words(const std::vector<std::string>& words);

}  // namespace assay
