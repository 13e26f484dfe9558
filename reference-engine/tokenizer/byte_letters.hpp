#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// A byte-level vocabulary writes each byte as one letter that can be printed.
/// Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), the code's
/// bytes_to_unicode: printable ASCII and Latin-1 stand for themselves, the others, in order, for
/// U+0100 and those after it.
std::string letter_of(std::uint8_t byte);
/// Nothing for a code point that stands for no byte.
std::optional<std::uint8_t> byte_of_letter(char32_t letter);

}  // namespace assay
