// What the formats of blocks of 32 values share: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4. A
// block of a panel holds, for 16 rows, the scales (and minimums), then fifth bits where there are
// any, then codes in groups of 4 values: [group][16][4]. A format is a struct with
//   k_format, k_row_bytes   its number; bytes of a stored block
//   k_codes                 where the groups of codes begin in a block of a panel
//   k_signed                codes are int8; else they are unsigned, of at most k_highest,
//   k_offset                and the weight is the code plus k_offset
//   k_minimums              each row adds a minimum
//   k_as_stored             the groups are used as they lie in the panel
//   scale(block, part)      of k_lanes rows, float32
//   minimum(block, part)
//   codes(block, group, part)   values 4 * group .. of k_lanes rows
//   pack(rows_in, rows, row_bytes, block)
//   decode(block, row, out)
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

/// A binary16 scale d[16].
struct HalfScale {
  static Floats scale(const std::byte* block, std::size_t part) {
    return load_halves(block + part * k_lanes * 2);
  }
};

/// A scale d[16] and a minimum m[16].
struct HalfScaleAndMinimum : HalfScale {
  static Floats minimum(const std::byte* block, std::size_t part) {
    return load_halves(block + 32 + part * k_lanes * 2);
  }
};

/// Group g < 4 lies in the low nibbles of 64 bytes, group g + 4 in the high ones.
inline Codes nibble_codes(const std::byte* nibbles, std::size_t group, std::size_t part) {
  const Codes pairs = load(nibbles + group % 4 * 64 + part * k_lanes * 4);
  return both(group < 4 ? pairs : down(pairs, 4), each(15));
}

inline int nibble_code(const std::byte* nibbles, std::size_t row, std::size_t value) {
  const auto pair = static_cast<int>(nibbles[value % 16 / 4 * 64 + row * 4 + value % 4]);
  return value < 16 ? pair & 15 : pair >> 4;
}

/// All blocks of up to 16 rows.
template <typename Format>
void pack_blocks(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  const std::size_t row_bytes = k / 32 * Format::k_row_bytes;
  for (std::size_t b = 0; b < k / 32; ++b) {
    Format::pack(rows_in + b * Format::k_row_bytes, rows, row_bytes,
                 panel + b * k_rows * Format::k_row_bytes);
  }
}

template <typename Format>
void decode_blocks(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  for (std::size_t b = 0; b < k / 32; ++b) {
    Format::decode(panel + b * k_rows * Format::k_row_bytes, row, out + b * 32);
  }
}

}  // namespace
}  // namespace assay
