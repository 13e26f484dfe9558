#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"

namespace assay {
namespace {

/// A block of a panel:
///   d[16] (f16)  scales[16][16] (int8)  codes[2][8] of { low[16][4] low_32_later[16][4]
///   high[16][4] }
/// Each field is that of the stored rows, interleaved by 1 (scales) or 4 bytes; the codes lie in
/// the order in which they are read, which decides whether the processor fetches them in time.
struct Q6K {
  static constexpr std::uint32_t k_format = 14;
  static constexpr std::size_t k_row_bytes = 210;
  static constexpr std::size_t k_scales = 32;  // offsets in a block of a panel
  static constexpr std::size_t k_codes = k_scales + 16 * k_rows;
  static constexpr std::size_t k_group = 192;  // bytes of the codes of 4 values of each quarter
  static constexpr bool k_signed = false;
  static constexpr std::int16_t k_offset = -32;
  static constexpr std::size_t k_steps = 2;  // 4 * 63 * 127 = 32004
  static constexpr std::size_t k_scaled = 16;
  static constexpr bool k_minimums = false;

  static Floats halves(const std::byte* block, std::size_t, std::size_t part) {
    return load_halves(block + part * k_lanes * 2);
  }

  static void scales(const std::byte* block, BlockScales& out) {
    __builtin_memcpy(out.scale, block + k_scales, sizeof(out.scale));
  }

  static Codes codes(const std::byte* block, std::size_t b, std::size_t j, std::size_t part) {
    const std::size_t quarter = b % 4;
    const std::byte* group = block + k_codes + (b / 4 * 8 + j) * k_group + part * k_lanes * 4;
    const Codes low = load(group + quarter % 2 * 64);
    const Codes high = load(group + 128);
    const Codes four = quarter < 2 ? low : down(low, 4);
    const Codes two = quarter < 3 ? up(high, 4 - 2 * quarter) : down(high, 2);
    return either(both(four, each(15)), both(two, each(48)));
  }
  static int code(const std::byte* block, std::size_t row, std::size_t value) {
    const std::size_t quarter = value % 128 / 32;
    const std::size_t l = value % 32;
    const std::byte* group = block + k_codes + (value / 128 * 8 + l / 4) * k_group;
    const std::size_t at = row * 4 + l % 4;
    const int low = static_cast<int>(group[quarter % 2 * 64 + at]) >> (quarter / 2 * 4);
    const int high = static_cast<int>(group[128 + at]) >> (quarter * 2);
    return ((low & 15) | ((high & 3) << 4)) - 32;
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from + 208, rows, row_bytes, 2, 2, block);
    interleave(from + 192, rows, row_bytes, 16, 1, block + k_scales);
    for (std::size_t group = 0; group < 16; ++group) {
      const std::byte* low = from + group / 8 * 64 + group % 8 * 4;
      std::byte* codes = block + k_codes + group * k_group;
      interleave(low, rows, row_bytes, 4, 4, codes);
      interleave(low + 32, rows, row_bytes, 4, 4, codes + 64);
      interleave(from + 128 + group * 4, rows, row_bytes, 4, 4, codes + 128);
    }
  }
};

}  // namespace

}  // namespace assay
