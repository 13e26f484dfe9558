// F32, F16 and BF16: widened to float32 and multiplied by float32 activations.
#pragma once

#include "reference-engine/kernels/panels/float_tile.inl"

namespace assay {
namespace {

/// A panel: values[k][16].
template <typename Format>
void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  using Stored = typename Format::Stored;
  auto* to = reinterpret_cast<Stored*>(panel);
  constexpr std::size_t k_line = 64 / sizeof(Stored);  // values of a cache line: read whole lines
  for (std::size_t first = 0; first < k; first += k_line) {
    const std::size_t end = smaller(first + k_line, k);
    for (std::size_t r = 0; r < k_rows; ++r) {
      for (std::size_t i = first; i < end; ++i) {
        Stored value = 0;
        if (r < rows) {
          __builtin_memcpy(&value, rows_in + (r * k + i) * sizeof(Stored), sizeof(Stored));
        }
        to[i * k_rows + r] = value;
      }
    }
  }
}

template <typename Format>
void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  const auto* values = reinterpret_cast<const typename Format::Stored*>(panel);
  for (std::size_t i = 0; i < k; ++i) out[i] = Format::load1(values + i * k_rows + row);
}

inline void write_rows(const float* c, std::size_t columns, std::size_t rows, float* out,
                       std::size_t stride) {
  for (std::size_t i = 0; i < columns; ++i, c += k_rows, out += stride) {
    for (std::size_t r = 0; r < rows; ++r) out[r] = c[r];
  }
}

template <typename Format>
void multiply(const PanelProduct* product) {
  constexpr std::size_t k_columns = 512;  // results of a panel on the way: 32 KiB
  constexpr std::size_t k_chunk = 256;    // weights widened at once: 16 KiB
  alignas(64) float c[k_columns * k_rows];
  alignas(64) float weights[k_chunk * k_rows];
  const F32Columns& x = *product->f32;
  for (std::size_t row = 0; row < product->rows; row += k_rows) {
    const auto* panel =
        reinterpret_cast<const typename Format::Stored*>(product->panels) + row * x.k;
    for (std::size_t first = 0; first < product->columns; first += k_columns) {
      const std::size_t columns = smaller(product->columns - first, k_columns);
      __builtin_memset(c, 0, columns * k_rows * sizeof(float));
      for (std::size_t i = 0; i < x.k; i += k_chunk) {
        const Panel<Format> stored{panel + i * k_rows, k_rows, smaller(k_chunk, x.k - i)};
        const TileColumns tiles{x.values + first * x.k + i, x.k, c, k_rows};
        if (columns > k_tile && Format::k_format != F32::k_format) {
          widen<Format>(stored, weights);
          run_tiles<F32, true>({weights, k_rows, stored.count}, tiles, columns);
        } else {
          run_tiles<Format, true>(stored, tiles, columns);
        }
      }
      write_rows(c, columns, smaller(product->rows - row, k_rows),
                 product->out + first * product->stride + row, product->stride);
    }
  }
}

}  // namespace
}  // namespace assay
