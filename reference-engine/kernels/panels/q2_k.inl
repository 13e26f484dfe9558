#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"

namespace assay {
namespace {

/// A block of a panel: d[16] (f16)  dmin[16] (f16)  scales[16][16]  low[16][16][4]
struct Q2K {
  static constexpr std::uint32_t k_format = 10;
  static constexpr std::size_t k_row_bytes = 84;
  static constexpr std::size_t k_scales = 64;  // offsets in a block of a panel
  static constexpr std::size_t k_low = k_scales + 16 * k_rows;
  static constexpr bool k_signed = false;
  static constexpr std::int16_t k_offset = 0;
  static constexpr std::size_t k_steps = 4;  // 8 * 3 * 127 = 3048
  static constexpr std::size_t k_scaled = 16;
  static constexpr bool k_minimums = true;

  static Floats halves(const std::byte* block, std::size_t which, std::size_t part) {
    return load_halves(block + which * 32 + part * k_lanes * 2);
  }

  static void scales(const std::byte* block, BlockScales& out) {
    const Factors four = each_factor(15);
    for (std::size_t b = 0; b < 16; b += sizeof(Factors) / k_rows) {
      const Factors pair = load_factors(block + k_scales + b * k_rows);
      store_factors(out.scale[b], both(pair, four));
      store_factors(out.minimum[b], both(down(pair, 4), four));
    }
  }

  static Codes codes(const std::byte* block, std::size_t b, std::size_t j, std::size_t part) {
    return two_bit_codes(block + k_low, b, j, part);
  }
  static int code(const std::byte* block, std::size_t row, std::size_t value) {
    return two_bit_code(block + k_low, row, value);
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from + 80, rows, row_bytes, 4, 2, block);
    interleave(from, rows, row_bytes, 16, 1, block + k_scales);
    interleave(from + 16, rows, row_bytes, 64, 4, block + k_low);
  }
};

}  // namespace

}  // namespace assay
