#pragma once

#include <string>
#include <string_view>

namespace assay {

constexpr std::string_view k_escaped_space = "\xE2\x96\x81";  // U+2581 stands for a space

std::string escape_spaces(std::string_view text);
std::string unescape_spaces(std::string_view text);

}  // namespace assay
