// Products of 16-bit weights with activations that are rounded to 16 bits, for `--numerics native`:
// how they are cut. What rounds and multiplies is a struct with
//   Stored                  a rounded value
//   round(x, count, to)     up to k_chunk values of a column, zeros up to a multiple of 8;
//                           returns the factor of their products
//   Gathered                a chunk of up to k_columns columns, rounded, as tiles read it
//     fill(x, k, columns, count)   count values of each of the columns, k apart
//   Weights                 a chunk of a panel as tiles read it; its constructor takes what is
//                           stored, and the number of values
//   run(weights, x, columns, c)   c[columns][16] += a chunk of a panel times columns
//   add_chunk(weights, x, count, sums)   sums[stream][16] += a chunk of each stream's panel times x
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

// Values that are rounded at once, of k_columns columns, and panels that use them: what both leave
// on the way, 128 KiB each, stays in the second level cache; a chunk of weights, 8 KiB, in the
// first.
constexpr std::size_t k_chunk = 256;
constexpr std::size_t k_columns = 256;
constexpr std::size_t k_panels = 8;

constexpr std::size_t k_parts = k_rows / k_lanes;

/// Bytes of `values` values of a panel.
constexpr std::size_t panel_bytes(std::size_t values) { return values * k_rows * 2; }

/// Up to 4 values, and zeros.
inline Floats values_at(const float* x, std::size_t count) {
  return count >= 4 ? vld1q_f32(x) : load_some(x, count);
}

/// The sums of the rows of a panel in each stream.
using StreamSums = Floats[k_streams][k_parts];

/// The results of a block of a product; of an odd number of columns one more is written.
using Results = float[k_panels][k_columns][k_rows];

inline void write_results(const Results& results, std::size_t columns, std::size_t rows, float* out,
                          std::size_t stride) {
  for (std::size_t row = 0; row < rows; row += k_rows) {
    const std::size_t bytes = smaller(rows - row, k_rows) * sizeof(float);
    for (std::size_t i = 0; i < columns; ++i) {
      __builtin_memcpy(out + i * stride + row, results[row / k_rows][i], bytes);
    }
  }
}

/// results[panel] = `count` adjacent panels times the columns at x.
template <typename Kind>
void multiply_block(const std::byte* panels, std::size_t count, const float* x, std::size_t k,
                    std::size_t columns, Results& results) {
  typename Kind::Gathered gathered;
  const std::size_t written = (columns + 1) / 2 * 2;
  for (std::size_t panel = 0; panel < count; ++panel) {
    __builtin_memset(results[panel], 0, written * sizeof(results[panel][0]));
  }
  for (std::size_t first = 0; first < k; first += k_chunk) {
    const std::size_t values = smaller(k_chunk, k - first);
    gathered.fill(x + first, k, columns, values);
    for (std::size_t panel = 0; panel < count; ++panel) {
      const typename Kind::Weights weights(panels + panel_bytes(panel * k + first), values);
      Kind::run(weights, gathered, columns, results[panel]);
    }
  }
}

template <typename Kind>
void multiply(const PanelProduct* product) {
  alignas(64) Results results;
  const F32Columns& x = *product->f32;
  for (std::size_t row = 0; row < product->rows; row += k_panels * k_rows) {
    const std::size_t rows = smaller(product->rows - row, k_panels * k_rows);
    const std::byte* panels = product->panels + row * x.k * 2;
    for (std::size_t first = 0; first < product->columns; first += k_columns) {
      const std::size_t columns = smaller(product->columns - first, k_columns);
      multiply_block<Kind>(panels, (rows + k_rows - 1) / k_rows, x.values + first * x.k, x.k,
                           columns, results);
      write_results(results, columns, rows, product->out + first * product->stride + row,
                    product->stride);
    }
  }
}

/// totals[stream] += factor * sums[stream]. Chunks are summed apart, which keeps chains short.
inline void add_totals(const StreamSums& sums, float factor, float (*totals)[k_rows]) {
  for (std::size_t s = 0; s < k_streams; ++s) {
    for (std::size_t part = 0; part < k_parts; ++part) {
      float* to = totals[s] + part * k_lanes;
      store(to, vfmaq_n_f32(vld1q_f32(to), sums[s][part], factor));
    }
  }
}

template <typename Kind>
void multiply_streams(const StreamProduct* product) {
  const std::size_t k = product->f32->k;
  for (std::size_t panel = 0; panel < product->panel_count; ++panel) {
    alignas(64) float totals[k_streams][k_rows] = {};
    for (std::size_t first = 0; first < k; first += k_chunk) {
      alignas(64) typename Kind::Stored x[k_chunk];
      const std::size_t values = smaller(k_chunk, k - first);
      const float factor = Kind::round(product->f32->values + first, values, x);
      const std::byte* weights[k_streams];
      StreamSums sums;
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_streams; ++s) {
        weights[s] = product->panels[s] + panel_bytes(panel * k + first);
#pragma GCC unroll 4
        for (Floats& sum : sums[s]) sum = vdupq_n_f32(0.0F);
      }
      Kind::add_chunk(weights, x, values, sums);
      add_totals(sums, factor, totals);
    }
    for (std::size_t s = 0; s < k_streams; ++s) {
      __builtin_memcpy(product->out[s] + panel * k_rows, totals[s], sizeof(totals[s]));
    }
  }
}

}  // namespace
}  // namespace assay
