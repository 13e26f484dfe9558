#pragma once

#include <cstddef>
#include <span>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/runtime/model_weights.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

/// Activations that enter matrix products, in the forms that weight formats take. A form that no
/// product takes may be left empty.
struct Activations {
  Q8Columns q8;
  F32Columns f32;
  /// The same from column `index` on.
  [[nodiscard]] Activations from(std::size_t index) const;
};

/// out[c * stride + r] = sum over k of matrix[expert][r][k] * x[c][k], for all rows and `columns`.
struct Product {
  const PackedMatrix* matrix;
  std::size_t expert;
  Activations x;
  std::size_t columns;
  float* out;
  std::size_t stride;
};

/// Computes all products in one parallel region. Their outputs must not overlap.
void multiply(ThreadPool& pool, std::span<const Product> products);

}  // namespace assay
