#pragma once

#include "reference-engine/kernels/panels/nibbles.inl"

namespace assay {
namespace {

// Twice the values of E2M1, and 12 more to make them unsigned.
alignas(16) constexpr std::uint8_t k_e2m1_and_12[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                                        12, 11, 10, 9,  8,  6,  4,  0};

/// A block of a panel: e[16]  nibbles[4][16][4]
struct Mxfp4 {
  static constexpr std::uint32_t k_format = 39;
  static constexpr std::size_t k_row_bytes = 17;
  static constexpr std::size_t k_codes = 16;
  static constexpr bool k_signed = false;
  static constexpr int k_highest = 24;
  static constexpr std::int16_t k_offset = -12;
  static constexpr bool k_minimums = false;
  static constexpr bool k_as_stored = false;

  static Floats scale(const std::byte* block, std::size_t part) {
    return load_powers(block + part * k_lanes);
  }

  static Codes codes(const std::byte* block, std::size_t group, std::size_t part) {
    return look_up(k_e2m1_and_12, nibble_codes(block + k_codes, group, part));
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from, rows, row_bytes, 1, 1, block);
    interleave(from + 1, rows, row_bytes, 16, 4, block + k_codes);
  }

  static void decode(const std::byte* block, std::size_t row, float* out) {
    float d[k_lanes];
    store(d, scale(block, row / k_lanes));
    for (std::size_t j = 0; j < 32; ++j) {
      const int code = k_e2m1_and_12[nibble_code(block + k_codes, row, j)] - 12;
      out[j] = d[row % k_lanes] * static_cast<float>(code);
    }
  }
};

}  // namespace

}  // namespace assay
