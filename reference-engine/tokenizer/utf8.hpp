#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace assay {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Length of the UTF-8 sequence at the start of `text`; 0 where it is not well-formed (cut,
/// overlong, a surrogate, beyond U+10FFFF). Requires a non-empty text.
std::size_t well_formed_length(std::string_view text);
/// Whether more bytes could make `text` a well-formed sequence; it has 1 to 3 bytes.
bool may_continue(std::string_view text);
/// The code point of a well-formed sequence.
char32_t code_point_of(std::string_view sequence);
void append_utf8(char32_t code_point, std::string& text);
/// Each byte that is part of no well-formed sequence becomes U+FFFD.
std::string well_formed(std::string_view text);

}  // namespace assay
