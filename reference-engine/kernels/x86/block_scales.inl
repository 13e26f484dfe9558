// What the formats of blocks of 256 values with integer scales of 16 or 32 values share: Q2_K,
// Q3_K, Q6_K, IQ4_XS. A format is a struct with
//   k_format, k_row_bytes   its number; bytes of a stored block
//   k_signed                codes are int8; else unsigned, the weight is the code plus k_offset
//   k_offset
//   k_steps                 groups of 4 values whose products fit an int16
//   k_scaled                values that share a scale, 16 or 32
//   k_minimums              a second set of integer factors, times dmin, comes off
//   scales(block, out)      the integer factors of 16 values and 16 rows
//   halves(block, which, part)  d (0) or dmin (1) of k_lanes rows
//   codes(block, b, j, part)    values 4j .. of k_lanes rows of the 32 values b
//   pack(rows_in, rows, row_bytes, block)
//   code(block, row, value)     the weight, for decoding
#pragma once

#include "reference-engine/kernels/x86/panels.inl"

namespace assay {
namespace {

/// Factors of 16 consecutive values: [16 of them][16 rows].
struct BlockScales {
  alignas(32) std::int8_t scale[16][k_rows];
  alignas(32) std::int8_t minimum[16][k_rows];
};

/// Codes of 2 bits in a block of a panel, as Q2_K and Q3_K hold them: low[2][8][16][4]; in half h,
/// group j holds values 4j .. 4j + 3 and the same of the three next 32 values, two bits each.
inline Codes two_bit_codes(const std::byte* low, std::size_t b, std::size_t j, std::size_t part) {
  const Codes all = load(low + (b / 4 * 8 + j) * 64 + part * k_lanes * 4);
  return both(down(all, b % 4 * 2), each(3));
}

inline int two_bit_code(const std::byte* low, std::size_t row, std::size_t value) {
  const std::size_t group = value / 128 * 8 + value % 32 / 4;
  const auto all = static_cast<int>(low[group * 64 + row * 4 + value % 4]);
  return (all >> (value % 128 / 32 * 2)) & 3;
}

}  // namespace
}  // namespace assay
