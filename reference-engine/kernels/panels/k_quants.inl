// Q4_K and Q5_K: 8 sub-blocks of 32 with a 6-bit scale and a 6-bit minimum each.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

/// A block of a panel:
///   d[16] (f16)  dmin[16] (f16)  scales[12][16]  nibbles[4][8][16][4]
/// Each field is that of the stored rows, interleaved by 1 (scales) or 4 bytes. The fifth bits of
/// Q5_K, high[8][16][4], alternate with the first eight groups of nibbles: what is read in this
/// order is fetched in time.
template <bool five_bits>
struct KLayout {
  static constexpr std::uint32_t k_format = five_bits ? 13 : 12;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_row_bytes = five_bits ? 176 : 144;
  static constexpr std::size_t k_block_bytes = k_rows * k_row_bytes;
  static constexpr std::size_t k_scales = 64;  // offsets in a block of a panel
  static constexpr std::size_t k_codes = k_scales + 12 * k_rows;

  /// Where the nibbles of sub-blocks 2g and 2g + 1, and the fifth bits, of values 4j .. 4j + 3 lie.
  static constexpr std::size_t nibbles_at(std::size_t g, std::size_t j) {
    if (!five_bits) return k_codes + g * 512 + j * 64;
    return g == 0 ? k_codes + j * 128 + 64 : k_codes + 512 + g * 512 + j * 64;
  }
  static constexpr std::size_t high_at(std::size_t j) { return k_codes + j * 128; }

  /// The 6-bit numbers of 8 sub-blocks and 16 rows, a byte each.
  struct SubBlocks {
    alignas(32) std::uint8_t scale[8][k_rows];
    alignas(32) std::uint8_t minimum[8][k_rows];
  };

  static void unpack_sub_blocks(const std::byte* block, SubBlocks& out) {
    const Factors six = each_factor(63);
    const Factors four = each_factor(15);
    const Factors upper = each_factor(48);
    constexpr std::size_t k_step = sizeof(Factors) / k_rows;
    for (std::size_t i = 0; i < 4; i += k_step) {  // bytes i .. of each field
      const Factors a = load_factors(block + k_scales + i * k_rows);
      const Factors b = load_factors(block + k_scales + (4 + i) * k_rows);
      const Factors low = load_factors(block + k_scales + (8 + i) * k_rows);
      const Factors high = down(low, 4);
      store_factors(out.scale[i], both(a, six));
      store_factors(out.minimum[i], both(b, six));
      store_factors(out.scale[4 + i], either(both(low, four), both(down(a, 2), upper)));
      store_factors(out.minimum[4 + i], either(both(high, four), both(down(b, 2), upper)));
    }
  }

  /// Codes of k_lanes rows: the low nibbles are of sub-block 2g, the high ones of 2g + 1. Five
  /// bits: bit 0 of `high` is the fifth bit of the low one, bit 1 that of the high one.
  static Codes low_codes(Codes nibbles, Codes high) {
    const Codes q = both(nibbles, each(15));
    if constexpr (!five_bits) return q;
    return either(q, both(up(high, 4), each(16)));
  }
  static Codes high_codes(Codes nibbles, Codes high) {
    const Codes q = both(down(nibbles, 4), each(15));
    if constexpr (!five_bits) return q;
    return either(q, both(up(high, 3), each(16)));
  }

  static void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
    const std::size_t row_bytes = k / k_values * k_row_bytes;
    for (std::size_t i = 0; i < k / k_values; ++i) {
      interleave(rows_in, rows, row_bytes, 4, 2, panel);
      interleave(rows_in + 4, rows, row_bytes, 12, 1, panel + k_scales);
      constexpr std::size_t k_stored_nibbles = five_bits ? 48 : 16;
      for (std::size_t group = 0; group < 32; ++group) {
        interleave(rows_in + k_stored_nibbles + group * 4, rows, row_bytes, 4, 4,
                   panel + nibbles_at(group / 8, group % 8));
      }
      for (std::size_t j = 0; five_bits && j < 8; ++j) {
        interleave(rows_in + 16 + j * 4, rows, row_bytes, 4, 4, panel + high_at(j));
      }
      rows_in += k_row_bytes;
      panel += k_block_bytes;
    }
  }

  static void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
    for (std::size_t i = 0; i < k / k_values; ++i, panel += k_block_bytes) {
      SubBlocks sub_blocks;
      unpack_sub_blocks(panel, sub_blocks);
      const float d = half_to_float(panel + row * 2);
      const float dmin = half_to_float(panel + 32 + row * 2);
      for (std::size_t b = 0; b < 8; ++b) {
        const float scale = d * static_cast<float>(sub_blocks.scale[b][row]);
        const float minimum = dmin * static_cast<float>(sub_blocks.minimum[b][row]);
        for (std::size_t l = 0; l < 32; ++l) {
          const std::size_t at = row * 4 + l % 4;
          const auto nibbles = static_cast<int>(panel[nibbles_at(b / 2, l / 4) + at]);
          int q = (nibbles >> (b % 2 * 4)) & 15;
          if constexpr (five_bits)
            q |= ((static_cast<int>(panel[high_at(l / 4) + at]) >> b) & 1) << 4;
          out[i * k_values + b * 32 + l] = scale * static_cast<float>(q) - minimum;
        }
      }
    }
  }
};

}  // namespace
}  // namespace assay
