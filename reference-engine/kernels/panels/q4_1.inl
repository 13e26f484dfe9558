#pragma once

#include "reference-engine/kernels/panels/nibbles.inl"

namespace assay {
namespace {

/// A block of a panel: d[16] (f16)  m[16] (f16)  nibbles[4][16][4]
struct Q41 : HalfScaleAndMinimum {
  static constexpr std::uint32_t k_format = 3;
  static constexpr std::size_t k_row_bytes = 20;
  static constexpr std::size_t k_codes = 64;
  static constexpr bool k_signed = false;
  static constexpr int k_highest = 15;
  static constexpr std::int16_t k_offset = 0;
  static constexpr bool k_minimums = true;
  static constexpr bool k_as_stored = false;

  static Codes codes(const std::byte* block, std::size_t group, std::size_t part) {
    return nibble_codes(block + k_codes, group, part);
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from, rows, row_bytes, 4, 2, block);
    interleave(from + 4, rows, row_bytes, 16, 4, block + k_codes);
  }

  static void decode(const std::byte* block, std::size_t row, float* out) {
    const float d = half_to_float(block + row * 2);
    const float m = half_to_float(block + 32 + row * 2);
    for (std::size_t j = 0; j < 32; ++j) {
      out[j] = d * static_cast<float>(nibble_code(block + k_codes, row, j)) + m;
    }
  }
};

}  // namespace

}  // namespace assay
