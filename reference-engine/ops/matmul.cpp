#include "reference-engine/ops/matmul.hpp"

#include <algorithm>
#include <array>

namespace assay {
namespace {

void multiply_panels(const Product& product, std::size_t first, std::size_t panels, float* out,
                     std::size_t stride, const Activations& x, std::size_t columns) {
  const FormatKernels& kernels = *product.matrix->kernels;
  const std::byte* panel = product.matrix->panel(product.expert, first);
  if (kernels.takes_q8) {
    kernels.multiply_q8(panel, panels, &x.q8, columns, out, stride);
  } else {
    kernels.multiply_f32(panel, panels, &x.f32, columns, out, stride);
  }
}

/// The last panel of a matrix whose rows do not fill it: computed aside, since kernels write all
/// rows of a panel.
void multiply_partial_panel(const Product& product, std::size_t panel) {
  constexpr std::size_t k_columns = 16;
  constexpr std::size_t k_most_rows = 64;  // of a panel
  std::array<float, k_columns * k_most_rows> aside;
  const std::size_t panel_rows = product.matrix->kernels->panel_rows;
  const std::size_t first_row = panel * panel_rows;
  const std::size_t rows = product.matrix->rows - first_row;
  for (std::size_t c = 0; c < product.columns; c += k_columns) {
    const std::size_t columns = std::min(k_columns, product.columns - c);
    multiply_panels(product, panel, 1, aside.data(), panel_rows, product.x.from(c), columns);
    for (std::size_t i = 0; i < columns; ++i) {
      std::copy_n(aside.data() + i * panel_rows, rows,
                  product.out + (c + i) * product.stride + first_row);
    }
  }
}

void multiply_range(const Product& product, std::size_t begin, std::size_t end) {
  const std::size_t panel_rows = product.matrix->kernels->panel_rows;
  const std::size_t full = std::min(end, product.matrix->rows / panel_rows);
  if (begin < full) {
    multiply_panels(product, begin, full - begin, product.out + begin * panel_rows, product.stride,
                    product.x, product.columns);
  }
  for (std::size_t panel = std::max(begin, full); panel < end; ++panel) {
    multiply_partial_panel(product, panel);
  }
}

}  // namespace

Activations Activations::from(std::size_t index) const {
  Activations later = *this;
  if (q8.codes != nullptr) {
    later.q8.codes += index * q8.k;
    later.q8.scales += index * (q8.k / 32);
    later.q8.sums += index * (q8.k / 32);
  }
  if (f32.values != nullptr) later.f32.values += index * f32.k;
  return later;
}

void multiply(ThreadPool& pool, std::span<const Product> products) {
  std::size_t panels = 0;
  for (const Product& product : products) panels += product.matrix->panel_count();
  // Pieces small enough that a thread which is slowed down for a while can be relieved.
  constexpr std::size_t k_pieces_per_thread = 8;
  const std::size_t grain =
      std::max<std::size_t>(1, panels / (std::size_t{pool.size()} * k_pieces_per_thread));
  pool.for_each(panels, grain, [&](std::size_t begin, std::size_t end, unsigned) {
    std::size_t first = 0;  // panel of this product among all
    for (const Product& product : products) {
      const std::size_t count = product.matrix->panel_count();
      const std::size_t from = std::max(begin, first);
      const std::size_t to = std::min(end, first + count);
      if (from < to) multiply_range(product, from - first, to - first);
      first += count;
    }
  });
}

}  // namespace assay
