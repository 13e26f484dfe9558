// Panels of BF16 weights in pairs, as instructions that add two products at a time take them.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

// A panel: pairs[k / 2][16][2], a pair being two values of one row; of an odd k the last values
// follow: [16].
constexpr std::size_t k_pair_bytes = k_rows * 4;

/// Where value i of row r lies in a panel, in values.
inline std::size_t place(std::size_t i, std::size_t r, std::size_t k) {
  const bool alone = i + 1 == k && k % 2 == 1;
  return alone ? i * k_rows + r : i / 2 * 2 * k_rows + r * 2 + i % 2;
}

inline void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  auto* to = reinterpret_cast<std::uint16_t*>(panel);
  constexpr std::size_t k_line = 32;  // values of a cache line: read whole lines
  for (std::size_t first = 0; first < k; first += k_line) {
    const std::size_t end = smaller(first + k_line, k);
    for (std::size_t r = 0; r < k_rows; ++r) {
      for (std::size_t i = first; i < end; ++i) {
        std::uint16_t value = 0;
        if (r < rows) __builtin_memcpy(&value, rows_in + (r * k + i) * 2, 2);
        to[place(i, r, k)] = value;
      }
    }
  }
}

inline void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  const auto* values = reinterpret_cast<const std::uint16_t*>(panel);
  for (std::size_t i = 0; i < k; ++i) {
    const std::uint32_t bits = std::uint32_t{values[place(i, row, k)]} << 16;
    __builtin_memcpy(out + i, &bits, sizeof(bits));
  }
}

}  // namespace
}  // namespace assay
