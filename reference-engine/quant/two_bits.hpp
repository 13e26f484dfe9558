#pragma once

#include <cstddef>
#include <cstdint>

namespace assay {

/// 256 codes of 2 bits in 64 bytes, as Q2_K and Q3_K hold them: two halves h of 128 values; in a
/// half, value l + 32 n (l = 0 .. 31, n = 0 .. 3) is in bits 2n and 2n + 1 of low[32 h + l].
inline void unpack_two_bits(const std::uint8_t low[64], std::int8_t q[256]) {
  for (std::size_t j = 0; j < 256; ++j) {
    q[j] = static_cast<std::int8_t>((low[j / 128 * 32 + j % 32] >> (j % 128 / 32 * 2)) & 3);
  }
}

inline void pack_two_bits(const std::int8_t q[256], std::uint8_t low[64]) {
  for (std::size_t j = 0; j < 256; ++j) {
    std::uint8_t& bits = low[j / 128 * 32 + j % 32];
    bits = static_cast<std::uint8_t>(bits | ((q[j] & 3) << (j % 128 / 32 * 2)));
  }
}

}  // namespace assay
