#include "reference-engine/tokenizer/unicode_class.hpp"

#include <algorithm>
#include <iterator>

namespace assay {
namespace {

#include "reference-engine/tokenizer/unicode_table.inl"

}  // namespace

CodePointClass code_point_class(char32_t code_point) {
  if (code_point > 0x10FFFF) return CodePointClass::unassigned;
  const std::uint32_t last_of_run = static_cast<std::uint32_t>(code_point) << 3U | 7U;
  const auto* const after =
      std::upper_bound(std::begin(k_class_runs), std::end(k_class_runs), last_of_run);
  return static_cast<CodePointClass>(*std::prev(after) & 7U);
}

bool is_white_space(char32_t code_point) {
  for (const auto* run = std::begin(k_space_runs); run != std::end(k_space_runs); run += 2) {
    if (code_point >= run[0] && code_point <= run[1]) return true;
  }
  return false;
}

}  // namespace assay
