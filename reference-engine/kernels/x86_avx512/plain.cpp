// F32, F16 and BF16: widened to float32 and multiplied by float32 activations. Panels are those of
// AVX2: values[k][16].
#include "reference-engine/kernels/x86_avx512/ahead.inl"
#include "reference-engine/kernels/x86_avx512/float_tile.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {
namespace {

// Values of two panels that are widened at once: 16 KiB as float32. A chunk of up to k_columns
// columns is gathered, as in integer_product.inl, and used by up to k_panels panels; what both
// leave on the way, 128 KiB each, stays in the second level cache.
constexpr std::size_t k_chunk = 128;
constexpr std::size_t k_columns = 256;
constexpr std::size_t k_panels = 8;

struct Gathered {
  alignas(64) float values[k_columns][k_chunk];

  void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
    for (std::size_t i = 0; i < columns; ++i) {
      __builtin_memcpy(values[i], x + i * k, count * sizeof(float));
    }
  }
};

/// The results of k_panels panels on the way, by pairs.
using Results = float[k_panels / 2][k_columns][2][k_rows];

/// c[columns][2][16] (+)= P adjacent panels, `k` values each, times the chunk of columns from
/// `first` on.
template <typename Format, std::size_t P>
void multiply_chunk(const typename Format::Stored* panels, std::size_t k, std::size_t first,
                    std::size_t count, const Gathered& x, std::size_t columns, float* c,
                    Ahead& next) {
  alignas(64) float wide[P][k_chunk * k_rows];
  const auto run = [&]<typename Read>(const Panels<Read, P>& weights) {
    constexpr std::size_t k_slice = 24;
    for (std::size_t i = 0; i < columns; i += k_slice) {
      next.fetch(k_slice / 3);
      const TileColumns tiles{x.values[i], k_chunk, c + i * 2 * k_rows, 2 * k_rows};
      const std::size_t slice = smaller(columns - i, k_slice);
      if (first == 0) {
        run_tiles<Read, P, false>(weights, count, tiles, slice);
      } else {
        run_tiles<Read, P, true>(weights, count, tiles, slice);
      }
    }
  };
  Panels<Format, P> stored{{}, k_rows};
  for (std::size_t p = 0; p < P; ++p) stored.at[p] = panels + (p * k + first) * k_rows;
  if (columns <= k_widest<P> || Format::k_format == F32::k_format) {
    run(stored);
    return;
  }
  Panels<F32, P> widened{{}, k_rows};
  for (std::size_t p = 0; p < P; ++p) {
    widen<Format>({stored.at[p], k_rows, count}, wide[p]);
    widened.at[p] = wide[p];
  }
  run(widened);
}

/// Up to k_panels panels times up to k_columns columns.
template <typename Format>
void multiply_block(const typename Format::Stored* panels, std::size_t rows, const float* x,
                    std::size_t k, std::size_t columns, Results& results) {
  const std::size_t count = (rows + k_rows - 1) / k_rows;
  Gathered gathered;
  for (std::size_t first = 0; first < k; first += k_chunk) {
    const std::size_t values = smaller(k_chunk, k - first);
    gathered.fill(x + first, k, columns, values);
    const std::size_t later = first + k_chunk;
    Ahead next(x + later, k * sizeof(float),
               smaller(k_chunk, k - smaller(later, k)) * sizeof(float), later < k ? columns : 0);
    for (std::size_t panel = 0; panel < count; panel += 2) {
      const auto* from = panels + panel * k * k_rows;
      float* c = results[panel / 2][0][0];
      if (panel + 1 < count) {
        multiply_chunk<Format, 2>(from, k, first, values, gathered, columns, c, next);
      } else {
        multiply_chunk<Format, 1>(from, k, first, values, gathered, columns, c, next);
      }
    }
  }
}

template <typename Format>
void multiply(const PanelProduct* product) {
  alignas(64) Results results;
  const F32Columns& x = *product->f32;
  const auto* panels = reinterpret_cast<const typename Format::Stored*>(product->panels);
  for (std::size_t row = 0; row < product->rows; row += k_panels * k_rows) {
    const std::size_t rows = smaller(product->rows - row, k_panels * k_rows);
    for (std::size_t first = 0; first < product->columns; first += k_columns) {
      const std::size_t columns = smaller(product->columns - first, k_columns);
      multiply_block<Format>(panels + row * x.k, rows, x.values + first * x.k, x.k, columns,
                             results);
      float* out = product->out + first * product->stride + row;
      for (std::size_t r = 0; r < rows; r += 2 * k_rows) {
        for (std::size_t i = 0; i < columns; ++i) {
          __builtin_memcpy(out + i * product->stride + r, results[r / (2 * k_rows)][i],
                           smaller(rows - r, 2 * k_rows) * sizeof(float));
        }
      }
    }
  }
}

template <typename Format>
void multiply_streams(const StreamProduct* product) {
  using Stored = typename Format::Stored;
  const std::size_t k = product->f32->k;
  const float* x = product->f32->values;
  for (std::size_t panel = 0; panel < product->panel_count; ++panel) {
    const Stored* weights[k_streams];
    Floats sums[k_streams][2];
    for (std::size_t s = 0; s < k_streams; ++s) {
      weights[s] = reinterpret_cast<const Stored*>(product->panels[s]) + panel * k * k_rows;
      sums[s][0] = sums[s][1] = _mm512_setzero_ps();
    }
    std::size_t i = 0;
    for (; i + 2 <= k; i += 2) {
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_streams; ++s) {
        const Stored* w = weights[s] + i * k_rows;
        sums[s][0] = _mm512_fmadd_ps(Format::load16(w), _mm512_set1_ps(x[i]), sums[s][0]);
        sums[s][1] =
            _mm512_fmadd_ps(Format::load16(w + k_rows), _mm512_set1_ps(x[i + 1]), sums[s][1]);
      }
    }
    for (std::size_t s = 0; s < k_streams; ++s) {
      if (i < k) {
        const Floats w = Format::load16(weights[s] + i * k_rows);
        sums[s][0] = _mm512_fmadd_ps(w, _mm512_set1_ps(x[i]), sums[s][0]);
      }
      store(product->out[s] + panel * k_rows, _mm512_add_ps(sums[s][0], sums[s][1]));
    }
  }
}

template <typename Format>
constexpr FormatKernels kernels_of() {
  return {Format::k_format,        k_rows, false, nullptr, nullptr, multiply<Format>,
          multiply_streams<Format>};
}

}  // namespace

constinit const KernelTable k_avx512_plain{
    .isa = "avx512", .formats = {kernels_of<F32>(), kernels_of<F16>(), kernels_of<Bf16>()}};

}  // namespace assay
