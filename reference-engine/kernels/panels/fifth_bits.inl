// The fifth bits of Q5_0 and Q5_1 in a block of a panel: high[16][4]. A stored block has those of
// values 0 .. 31 in order; here bit g of byte i is that of value 4g + i, so that one shift brings
// the bits of a group to their codes.
#pragma once

#include "reference-engine/kernels/panels/nibbles.inl"

namespace assay {
namespace {

inline Codes five_bit_codes(const std::byte* high, std::size_t group, std::size_t part) {
  const Codes bits = load(high + part * k_lanes * 4);
  const Codes fifth = group < 4 ? up(bits, 4 - group) : down(bits, group - 4);
  return either(nibble_codes(high + 64, group, part), both(fifth, each(16)));
}

inline int five_bit_code(const std::byte* high, std::size_t row, std::size_t value) {
  const int fifth = (static_cast<int>(high[row * 4 + value % 4]) >> (value / 4)) & 1;
  return nibble_code(high + 64, row, value) | (fifth << 4);
}

/// Fifth bits and nibbles of stored blocks, `row_bytes` apart.
inline void pack_five_bits(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                           std::byte* high) {
  for (std::size_t r = 0; r < k_rows; ++r) {
    for (std::size_t i = 0; i < 4; ++i) {
      unsigned bits = 0;
      for (std::size_t g = 0; r < rows && g < 8; ++g) {
        const std::size_t value = 4 * g + i;
        bits |= ((static_cast<unsigned>(from[r * row_bytes + value / 8]) >> (value % 8)) & 1U) << g;
      }
      high[r * 4 + i] = static_cast<std::byte>(bits);
    }
  }
  interleave(from + 4, rows, row_bytes, 16, 4, high + 64);
}

}  // namespace
}  // namespace assay
