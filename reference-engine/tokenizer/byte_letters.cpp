#include "reference-engine/tokenizer/byte_letters.hpp"

#include <array>

#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {
namespace {

constexpr char32_t k_first_other = 0x100;
constexpr std::size_t k_others = 68;  // bytes that do not stand for themselves

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Letters {
  std::array<char32_t, 256> of_byte{};
  std::array<std::uint8_t, k_others> byte_of_other{};
};

constexpr Letters k_letters = [] {
  Letters letters;
  std::size_t others = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (stands_for_itself(byte)) {
      letters.of_byte[byte] = byte;
      continue;
    }
    letters.of_byte[byte] = k_first_other + static_cast<char32_t>(others);
    letters.byte_of_other[others++] = static_cast<std::uint8_t>(byte);
  }
  return letters;
}();

}  // namespace

std::string letter_of(std::uint8_t byte) {
  std::string text;
  append_utf8(k_letters.of_byte[byte], text);
  return text;
}

std::optional<std::uint8_t> byte_of_letter(char32_t letter) {
  if (letter < 256) {
    if (!stands_for_itself(static_cast<unsigned>(letter))) return std::nullopt;
    return static_cast<std::uint8_t>(letter);
  }
  if (letter >= k_first_other + k_others) return std::nullopt;
  return k_letters.byte_of_other[letter - k_first_other];
}

}  // namespace assay
