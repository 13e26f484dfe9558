#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"
#include "reference-engine/kernels/panels/nibbles.inl"
#include "reference-engine/kernels/panels/nonlinear.inl"

namespace assay {
namespace {

/// A block of a panel: d[16] (f16)  high[2][16]  low[4][16]  nibbles[8][4][16][4]
struct Iq4Xs {
  static constexpr std::uint32_t k_format = 23;
  static constexpr std::size_t k_row_bytes = 136;
  static constexpr std::size_t k_high = 32;  // offsets in a block of a panel
  static constexpr std::size_t k_low = k_high + 2 * k_rows;
  static constexpr std::size_t k_nibbles = k_low + 4 * k_rows;
  static constexpr bool k_signed = true;
  static constexpr std::int16_t k_offset = 0;
  static constexpr std::size_t k_steps = 1;
  static constexpr std::size_t k_scaled = 32;
  static constexpr bool k_minimums = false;

  static Floats halves(const std::byte* block, std::size_t, std::size_t part) {
    return load_halves(block + part * k_lanes * 2);
  }

  /// One scale for 32 values: it stands for both sixteens.
  static void scales(const std::byte* block, BlockScales& out) {
    const Sixteen four = each_sixteen(15);
    const Sixteen upper = each_sixteen(48);
    const Sixteen offset = each_sixteen(32);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < 8; ++b) {
      Sixteen high = load_sixteen(block + k_high + b / 4 * k_rows);
      high = b % 4 == 3 ? down(high, 2) : up(high, 4 - b % 4 * 2);
      Sixteen low = load_sixteen(block + k_low + b / 2 * k_rows);
      if (b % 2 == 1) low = down(low, 4);
      const Sixteen scale = less(either(both(low, four), both(high, upper)), offset);
      store_sixteen(out.scale[2 * b], scale);
      store_sixteen(out.scale[2 * b + 1], scale);
    }
  }

  static const std::byte* nibbles(const std::byte* block, std::size_t b) {
    return block + k_nibbles + b * 16 * k_rows;
  }
  static Codes codes(const std::byte* block, std::size_t b, std::size_t j, std::size_t part) {
    return nonlinear_codes(nibble_codes(nibbles(block, b), j, part));
  }
  static int code(const std::byte* block, std::size_t row, std::size_t value) {
    return k_nonlinear[nibble_code(nibbles(block, value / 32), row, value % 32)];
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from, rows, row_bytes, 2, 2, block);
    interleave(from + 2, rows, row_bytes, 2, 1, block + k_high);
    interleave(from + 4, rows, row_bytes, 4, 1, block + k_low);
    interleave(from + 8, rows, row_bytes, 128, 4, block + k_nibbles);
  }
};

}  // namespace

}  // namespace assay
