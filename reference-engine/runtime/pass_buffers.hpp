#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/ops/matmul.hpp"
#include "reference-engine/runtime/arena.hpp"
#include "reference-engine/session_buffers.hpp"

namespace assay {

/// Room for columns of activations as int8 codes.
struct CodeBuffer {
  std::int8_t* codes = nullptr;
  float* scales = nullptr;
  std::int16_t* sums = nullptr;

  /// Quantises column `index`, or `count` values of it from `first` on (multiples of 32).
  void quantise(const KernelTable& kernels, const float* column, std::size_t k,
                std::size_t index) const {
    quantise_part(kernels, column, k, index, 0, k);
  }
  void quantise_part(const KernelTable& kernels, const float* column, std::size_t k,
                     std::size_t index, std::size_t first, std::size_t count) const;
  /// `values` [columns, k] and their codes as the input of products.
  [[nodiscard]] Activations with(const float* values, std::size_t k) const {
    return {{codes, scales, sums, k}, {values, k}};
  }
};

/// Cosines and sines of one set of rope. Shapes: [chunk, dims / 2].
struct RopeTable {
  float* cosines = nullptr;
  float* sines = nullptr;
};

/// The buffers of session_buffers.hpp, typed.
struct PassBuffers {
  /// Errors: does_not_fit.
  static Result<PassBuffers> open(const ModelSpec& spec, const SessionShape& shape);

  Arena memory;
  float* residual = nullptr;
  float* normalised = nullptr;
  float* queries = nullptr;
  float* keys = nullptr;
  float* values = nullptr;
  float* projected = nullptr;
  float* mixed = nullptr;
  float* latents = nullptr;
  CodeBuffer codes;
  float* gate = nullptr;
  float* up = nullptr;
  float* expert_rows = nullptr;
  float* mixture = nullptr;
  CodeBuffer expert_codes;
  float* router_logits = nullptr;
  float* expert_weights = nullptr;
  std::uint32_t* expert_choices = nullptr;
  std::uint32_t* expert_order = nullptr;
  std::vector<RopeTable> ropes;  // as ModelSpec::ropes
  float* attention = nullptr;
  float* attention_parts = nullptr;
  std::size_t attention_stride = 0;  // values from one thread's scratch to the next
  float* logits = nullptr;
  float* layer_inputs = nullptr;
  float* layer_gate = nullptr;
};

}  // namespace assay
