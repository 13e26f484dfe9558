#pragma once

#include <cstdint>

namespace assay {

/// The first letter of a code point's general category; the numbers are those of unicode_table.inl.
enum class CodePointClass : std::uint8_t {
  unassigned = 0,
  letter = 1,
  mark = 2,
  number = 3,
  punctuation = 4,
  symbol = 5,
  separator = 6,
  other = 7,  // controls, formats, surrogates, private use
};

/// Unassigned for a number beyond Unicode.
CodePointClass code_point_class(char32_t code_point);
/// The property White_Space.
bool is_white_space(char32_t code_point);

}  // namespace assay
