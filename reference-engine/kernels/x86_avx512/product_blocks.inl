// How products with many columns are cut: the panels and columns that share what is gathered.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

// Columns of which a chunk is gathered, and panels that use it: what both leave on the way, 128 KiB
// and 256 KiB, stays in the second level cache (1 MiB at least).
constexpr std::size_t k_columns = 256;
constexpr std::size_t k_panels = 16;

/// The results of a block of a product, by pairs of panels.
using Results = float[k_panels / 2][k_columns][2][k_rows];

/// Columns first, so that what lies together in the output is written together; by full registers,
/// since copies of 128 bytes cost 6 % of the product as calls or `rep movs`.
inline void write_results(const Results& results, std::size_t columns, std::size_t rows, float* out,
                          std::size_t stride) {
  for (std::size_t i = 0; i < columns; ++i, out += stride) {
    std::size_t row = 0;
    for (; row + 2 * k_rows <= rows; row += 2 * k_rows) {
      const auto& pair = results[row / (2 * k_rows)][i];
      store(out + row, _mm512_load_ps(pair[0]));
      store(out + row + k_rows, _mm512_load_ps(pair[1]));
    }
    if (row < rows) {
      __builtin_memcpy(out + row, results[row / (2 * k_rows)][i], (rows - row) * sizeof(float));
    }
  }
}

/// Calls multiply(first row, panels, first column, columns, results) for every block.
template <typename Multiply>
void for_each_block(const PanelProduct& product, Multiply multiply) {
  alignas(64) Results results;
  for (std::size_t row = 0; row < product.rows; row += k_panels * k_rows) {
    const std::size_t rows = smaller(product.rows - row, k_panels * k_rows);
    for (std::size_t first = 0; first < product.columns; first += k_columns) {
      const std::size_t columns = smaller(product.columns - first, k_columns);
      multiply(row, (rows + k_rows - 1) / k_rows, first, columns, results);
      write_results(results, columns, rows, product.out + first * product.stride + row,
                    product.stride);
    }
  }
}

/// Brings pieces of `bytes` bytes, `stride` apart, into the second level cache, a few at a time
/// while something else is computed: they are too short and too far apart for the processor to
/// foresee.
class Ahead {
 public:
  Ahead(const void* first, std::size_t stride, std::size_t bytes, std::size_t pieces)
      : next_(static_cast<const char*>(first)), stride_(stride), bytes_(bytes), left_(pieces) {}

  void fetch(std::size_t pieces) {
    for (; pieces > 0 && left_ > 0; --pieces, --left_, next_ += stride_) {
      for (std::size_t i = 0; i < bytes_; i += 64) _mm_prefetch(next_ + i, _MM_HINT_T1);
    }
  }

 private:
  const char* next_;
  std::size_t stride_;
  std::size_t bytes_;
  std::size_t left_;
};

}  // namespace
}  // namespace assay
