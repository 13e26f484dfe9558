#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/scaled_block.hpp"

namespace assay {

/// 32 codes of 5 bits, as Q5_0 and Q5_1 hold them: the lower four in 16 bytes of nibbles, the fifth
/// of code j in bit j % 8 of high[j / 8].
template <typename Code>
void unpack_five_bits(const std::uint8_t high[4], const std::uint8_t nibbles[16], Code q[32]) {
  unpack_nibbles(nibbles, q);
  for (std::size_t j = 0; j < 32; ++j) {
    q[j] = static_cast<Code>(q[j] | (((high[j / 8] >> (j % 8)) & 1) << 4));
  }
}

template <typename Code>
void pack_five_bits(const Code q[32], std::uint8_t high[4], std::uint8_t nibbles[16]) {
  pack_nibbles(q, nibbles);
  for (std::size_t i = 0; i < 4; ++i) {
    int bits = 0;
    for (std::size_t j = 0; j < 8; ++j) bits |= ((q[i * 8 + j] >> 4) & 1) << j;
    high[i] = static_cast<std::uint8_t>(bits);
  }
}

}  // namespace assay
