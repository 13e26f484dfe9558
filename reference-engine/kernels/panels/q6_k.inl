#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"

namespace assay {
namespace {

/// A block of a panel:
///   d[16] (f16)  scales[16][16] (int8)  codes[2][3][8][16][4]
/// Of each half of a stored block, group j of 8 holds values 4j .. 4j + 3 of its quarters: a byte
/// has the whole code of one of the first three, and above it two bits of the code of the fourth
/// (bits 0 and 1, 2 and 3, 4 and 5). Three quarters of the codes then take one operation to unpack,
/// and are read from memory in the order in which they lie.
struct Q6K {
  static constexpr std::uint32_t k_format = 14;
  static constexpr std::size_t k_row_bytes = 210;
  static constexpr std::size_t k_scales = 32;  // offsets in a block of a panel
  static constexpr std::size_t k_codes = k_scales + 16 * k_rows;
  static constexpr std::size_t k_group = 64;  // bytes of the codes of 4 values
  static constexpr std::size_t k_third = 8 * k_group;
  static constexpr std::size_t k_half = 3 * k_third;
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
    const std::byte* group = block + k_codes + b / 4 * k_half + j * k_group + part * k_lanes * 4;
    if (quarter < 3) return both(load(group + quarter * k_third), each(63));
    const Codes low = both(down(load(group), 6), each(3));
    const Codes middle = both(down(load(group + k_third), 4), each(12));
    return either(either(low, middle), both(down(load(group + 2 * k_third), 2), each(48)));
  }
  static int code(const std::byte* block, std::size_t row, std::size_t value) {
    const std::size_t quarter = value % 128 / 32;
    const std::size_t l = value % 32;
    const std::byte* group =
        block + k_codes + value / 128 * k_half + l / 4 * k_group + row * 4 + l % 4;
    const auto byte = [&](std::size_t third) { return static_cast<int>(group[third * k_third]); };
    if (quarter < 3) return (byte(quarter) & 63) - 32;
    return (byte(0) >> 6 | byte(1) >> 6 << 2 | byte(2) >> 6 << 4) - 32;
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from + 208, rows, row_bytes, 2, 2, block);
    interleave(from + 192, rows, row_bytes, 16, 1, block + k_scales);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t half = 0; half < 2; ++half) {
        const std::byte* low = from + row * row_bytes + half * 64;
        const std::byte* high = from + row * row_bytes + 128 + half * 32;
        std::uint8_t thirds[3][32];
        regroup(reinterpret_cast<const std::uint8_t*>(low),
                reinterpret_cast<const std::uint8_t*>(high), thirds);
        std::byte* codes = block + k_codes + half * k_half + row * 4;
        for (std::size_t j = 0; j < 8; ++j) {
          for (std::size_t third = 0; third < 3; ++third) {
            __builtin_memcpy(codes + third * k_third + j * k_group, thirds[third] + j * 4, 4);
          }
        }
      }
    }
    for (std::size_t row = rows; row < k_rows; ++row) {
      for (std::size_t at = 0; at < 2 * k_half; at += k_group) {
        __builtin_memset(block + k_codes + at + row * 4, 0, 4);
      }
    }
  }

 private:
  /// The codes of half a stored block, as bytes of the three parts of a panel's groups.
  static void regroup(const std::uint8_t* low, const std::uint8_t* high,
                      std::uint8_t (&thirds)[3][32]) {
    for (std::size_t l = 0; l < 32; ++l) {
      const unsigned codes[3] = {(low[l] & 15U) | (high[l] & 3U) << 4,
                                 (low[l + 32] & 15U) | (high[l] & 12U) << 2,
                                 static_cast<unsigned>(low[l]) >> 4 | (high[l] & 48U)};
      const unsigned fourth = static_cast<unsigned>(low[l + 32]) >> 4 | (high[l] & 192U) >> 2;
      thirds[0][l] = static_cast<std::uint8_t>(codes[0] | (fourth & 3U) << 6);
      thirds[1][l] = static_cast<std::uint8_t>(codes[1] | (fourth & 12U) << 4);
      thirds[2][l] = static_cast<std::uint8_t>(codes[2] | (fourth & 48U) << 2);
    }
  }
};

}  // namespace

}  // namespace assay
