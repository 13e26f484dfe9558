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

#include "reference-engine/kernels/panels/panels.inl"

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

/// All blocks of up to 16 rows.
template <typename Format>
void pack_scaled_blocks(const std::byte* rows_in, std::size_t rows, std::size_t k,
                        std::byte* panel) {
  const std::size_t row_bytes = k / 256 * Format::k_row_bytes;
  for (std::size_t i = 0; i < k / 256; ++i) {
    Format::pack(rows_in + i * Format::k_row_bytes, rows, row_bytes,
                 panel + i * k_rows * Format::k_row_bytes);
  }
}

template <typename Format>
void decode_scaled_blocks(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  for (std::size_t i = 0; i < k / 256; ++i, panel += k_rows * Format::k_row_bytes) {
    BlockScales scales;
    Format::scales(panel, scales);
    float d[k_rows];
    float dmin[k_rows];
    for (std::size_t part = 0; part < k_rows / k_lanes; ++part) {
      store(d + part * k_lanes, Format::halves(panel, 0, part));
      if constexpr (Format::k_minimums) {
        store(dmin + part * k_lanes, Format::halves(panel, 1, part));
      }
    }
    for (std::size_t v = 0; v < 256; ++v) {
      const std::size_t sub = v / 16;
      const float scale = d[row] * static_cast<float>(scales.scale[sub][row]);
      float value = scale * static_cast<float>(Format::code(panel, row, v));
      if constexpr (Format::k_minimums) {
        value -= dmin[row] * static_cast<float>(scales.minimum[sub][row]);
      }
      out[i * 256 + v] = value;
    }
  }
}

}  // namespace
}  // namespace assay
