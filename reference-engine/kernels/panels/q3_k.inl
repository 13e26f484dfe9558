#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"

namespace assay {
namespace {

/// A block of a panel: d[16] (f16)  scales[12][16]  high[8][16][4]  low[16][16][4]
struct Q3K {
  static constexpr std::uint32_t k_format = 11;
  static constexpr std::size_t k_row_bytes = 110;
  static constexpr std::size_t k_scales = 32;  // offsets in a block of a panel
  static constexpr std::size_t k_high = k_scales + 12 * k_rows;
  static constexpr std::size_t k_low = k_high + 32 * k_rows;
  static constexpr bool k_signed = false;
  static constexpr std::int16_t k_offset = -4;
  static constexpr std::size_t k_steps = 4;  // 8 * 7 * 127 = 7112
  static constexpr std::size_t k_scaled = 16;
  static constexpr bool k_minimums = false;

  static Floats halves(const std::byte* block, std::size_t, std::size_t part) {
    return load_halves(block + part * k_lanes * 2);
  }

  /// Scale b has its lower bits from byte b % 8, its upper ones from byte 8 + b % 4.
  static void scales(const std::byte* block, BlockScales& out) {
    const Factors four = each_factor(15);
    const Factors upper = each_factor(48);
    const Factors offset = each_factor(32);
#pragma GCC unroll 16
    for (std::size_t b = 0; b < 16; b += sizeof(Factors) / k_rows) {
      Factors low = load_factors(block + k_scales + b % 8 * k_rows);
      if (b >= 8) low = down(low, 4);
      Factors high = load_factors(block + k_scales + (8 + b % 4) * k_rows);
      high = b / 4 == 3 ? down(high, 2) : up(high, 4 - b / 4 * 2);
      store_factors(out.scale[b], less(either(both(low, four), both(high, upper)), offset));
    }
  }

  static Codes codes(const std::byte* block, std::size_t b, std::size_t j, std::size_t part) {
    const Codes all = load(block + k_high + j * 64 + part * k_lanes * 4);
    const Codes third = b < 2 ? up(all, 2 - b) : down(all, b - 2);
    return either(two_bit_codes(block + k_low, b, j, part), both(third, each(4)));
  }
  static int code(const std::byte* block, std::size_t row, std::size_t value) {
    const auto all = static_cast<int>(block[k_high + value % 32 / 4 * 64 + row * 4 + value % 4]);
    const int third = (all >> (value / 32)) & 1;
    return (two_bit_code(block + k_low, row, value) | (third << 2)) - 4;
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from + 108, rows, row_bytes, 2, 2, block);
    interleave(from + 96, rows, row_bytes, 12, 1, block + k_scales);
    interleave(from, rows, row_bytes, 32, 4, block + k_high);
    interleave(from + 32, rows, row_bytes, 64, 4, block + k_low);
  }
};

}  // namespace

}  // namespace assay
