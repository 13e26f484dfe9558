#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/runtime/arena.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// A matrix, or a stack of one for each expert, in the panels of one instruction set.
/// Shape: [experts][rows, columns]; row r of expert e is row r % panel_rows of panel
/// r / panel_rows of that expert.
struct PackedMatrix {
  const FormatKernels* kernels = nullptr;
  const std::byte* panels = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t experts = 1;

  [[nodiscard]] std::size_t panel_count() const;  // of one expert
  [[nodiscard]] std::size_t panel_bytes() const;
  [[nodiscard]] const std::byte* panel(std::size_t expert, std::size_t index) const;
  /// Row `row` of an expert, dequantised. Shape: out [columns].
  void decode_row(std::size_t expert, std::size_t row, float* out) const;
};

/// Empty spans and matrices are what a model does not have.
struct LayerWeights {
  std::span<const float> attention_norm;
  PackedMatrix q;
  PackedMatrix k;
  PackedMatrix v;
  PackedMatrix attention_output;
  std::span<const float> q_bias;
  std::span<const float> k_bias;
  std::span<const float> v_bias;
  std::span<const float> q_norm;
  std::span<const float> k_norm;
  std::span<const float> ffn_norm;
  PackedMatrix router;
  PackedMatrix gate;
  PackedMatrix up;
  PackedMatrix down;
};

struct ModelWeights {
  Arena memory;
  PackedMatrix embedding;
  PackedMatrix head;  // the embedding itself where the two are tied
  std::span<const float> output_norm;
  std::span<const float> rope_factors;
  std::vector<LayerWeights> layers;
};

/// Where one tensor of a plan goes.
struct WeightPlacement {
  const PlannedTensor* tensor;   // of the plan that was laid out
  const FormatKernels* kernels;  // null for a vector, which is kept in float32
  std::byte* to;
  [[nodiscard]] bool is_vector() const { return kernels == nullptr; }
};

/// Weights whose memory is reserved and bound but not yet written.
struct WeightLayout {
  ModelWeights weights;
  std::vector<WeightPlacement> placements;  // in the order of the plan
};

/// Reserves the memory of a plan and says what goes where. `plan` must outlive the placements.
/// Errors: refused_input (a format that the kernels cannot run, a tensor of no use), does_not_fit.
Result<WeightLayout> lay_out_weights(const ModelSpec& spec, const TensorPlan& plan,
                                     const KernelTable& kernels, const std::string& source);

/// Bytes of a tensor as it is kept.
Bytes kept_bytes(const PlannedTensor& tensor, const FormatKernels* kernels);

/// Makes the Model; only the two functions that fill weights use it.
struct ModelAccess {
  static Model make(ModelSpec spec, TensorPlan plan, const KernelTable& kernels,
                    ModelWeights weights);
};

}  // namespace assay
