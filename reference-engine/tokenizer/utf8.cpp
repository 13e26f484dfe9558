#include "reference-engine/tokenizer/utf8.hpp"

#include <cstdint>

namespace assay {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// Bytes of the sequence that `first` starts; 0 for a byte that starts none.
std::size_t declared_length(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

/// Whether `second` may follow `first`. Source: the Unicode Standard, table 3-7.
bool second_fits(std::uint8_t first, std::uint8_t second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return (second & 0xC0U) == 0x80U;
  }
}

/// How many bytes of `text` agree with the sequence of `length` bytes that it starts.
std::size_t fitting_bytes(std::string_view text, std::size_t length) {
  if (text.size() < 2 || length < 2) return 1;
  if (!second_fits(byte_at(text, 0), byte_at(text, 1))) return 1;
  std::size_t fitting = 2;
  while (fitting < length && fitting < text.size() && (byte_at(text, fitting) & 0xC0U) == 0x80U) {
    ++fitting;
  }
  return fitting;
}

}  // namespace

std::size_t well_formed_length(std::string_view text) {
  const std::size_t length = declared_length(byte_at(text, 0));
  return length != 0 && fitting_bytes(text, length) == length ? length : 0;
}

bool may_continue(std::string_view text) {
  const std::size_t length = declared_length(byte_at(text, 0));
  return length > text.size() && fitting_bytes(text, length) == text.size();
}

char32_t code_point_of(std::string_view sequence) {
  const std::uint32_t first = byte_at(sequence, 0);
  if (sequence.size() == 1) return first;
  std::uint32_t value = first & (0xFFU >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    value = value << 6U | (byte_at(sequence, i) & 0x3FU);
  }
  return value;
}

void append_utf8(char32_t code_point, std::string& text) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  const std::uint32_t value = code_point;
  if (value < 0x80) {
    put(value);
    return;
  }
  if (value < 0x800) {
    put(0xC0U | value >> 6U);
  } else {
    if (value < 0x10000) {
      put(0xE0U | value >> 12U);
    } else {
      put(0xF0U | value >> 18U);
      put(0x80U | (value >> 12U & 0x3FU));
    }
    put(0x80U | (value >> 6U & 0x3FU));
  }
  put(0x80U | (value & 0x3FU));
}

std::string well_formed(std::string_view text) {
  std::string whole;
  whole.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = well_formed_length(text);
    whole += length == 0 ? k_replacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return whole;
}

}  // namespace assay
