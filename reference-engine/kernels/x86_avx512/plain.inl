// Products of panels of F32, F16 and BF16 with many columns: widened to float32 and multiplied by
// float32 activations.
#pragma once

#include "reference-engine/kernels/x86_avx512/float_tile.inl"
#include "reference-engine/kernels/x86_avx512/product_blocks.inl"

namespace assay {
namespace {

// Values of two panels that are widened at once: 16 KiB as float32.
constexpr std::size_t k_chunk = 128;

/// A chunk of columns, close together (see integer_product.inl).
struct Gathered {
  alignas(64) float values[k_columns][k_chunk];

  void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
    for (std::size_t i = 0; i < columns; ++i) {
      __builtin_memcpy(values[i], x + i * k, count * sizeof(float));
    }
  }
};

/// c[columns][2][16] (+)= two panels times the chunk of columns from value `first` on.
template <typename Format>
void multiply_chunk(const Panels<Format, 2>& panels, std::size_t first, std::size_t count,
                    const Gathered& x, std::size_t columns, float* c, Ahead& next) {
  const auto run = [&]<typename Read>(const Panels<Read, 2>& weights) {
    constexpr std::size_t k_slice = 24;
    for (std::size_t i = 0; i < columns; i += k_slice) {
      next.fetch(k_slice / 3);
      const TileColumns tiles{x.values[i], k_chunk, c + i * 2 * k_rows, 2 * k_rows};
      const std::size_t slice = smaller(columns - i, k_slice);
      if (first == 0) {
        run_tiles<Read, 2, false>(weights, count, tiles, slice);
      } else {
        run_tiles<Read, 2, true>(weights, count, tiles, slice);
      }
    }
  };
  if (columns <= k_widest<2> || Format::k_format == F32::k_format) {
    run(panels);
    return;
  }
  alignas(64) float wide[2][k_chunk * k_rows];
  for (std::size_t p = 0; p < 2; ++p) widen<Format>({panels.at[p], k_rows, count}, wide[p]);
  run(Panels<F32, 2>{{wide[0], wide[1]}, k_rows});
}

/// results = `count` panels times columns. A last panel without a second stands for both.
template <typename Format>
void multiply_block(const typename Format::Stored* panels, std::size_t count, const float* x,
                    std::size_t k, std::size_t columns, Results& results) {
  Gathered gathered;
  for (std::size_t first = 0; first < k; first += k_chunk) {
    const std::size_t values = smaller(k_chunk, k - first);
    gathered.fill(x + first, k, columns, values);
    const std::size_t later = first + values;
    Ahead next(x + later, k * sizeof(float), smaller(k_chunk, k - later) * sizeof(float), columns);
    for (std::size_t panel = 0; panel < count; panel += 2) {
      const auto* one = panels + panel * k * k_rows + first * k_rows;
      const auto* other = panel + 1 < count ? one + k * k_rows : one;
      multiply_chunk<Format>({{one, other}, k_rows}, first, values, gathered, columns,
                             results[panel / 2][0][0], next);
    }
  }
}

template <typename Format>
void multiply(const PanelProduct* product) {
  const F32Columns& x = *product->f32;
  const auto* panels = reinterpret_cast<const typename Format::Stored*>(product->panels);
  for_each_block(*product, [&](std::size_t row, std::size_t count, std::size_t first,
                               std::size_t columns, Results& results) {
    multiply_block<Format>(panels + row * x.k, count, x.values + first * x.k, x.k, columns,
                           results);
  });
}

}  // namespace
}  // namespace assay
