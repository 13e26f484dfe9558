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
  /// One expert's matrix.
  [[nodiscard]] PackedMatrix part(std::size_t expert) const;
  /// Row `row` of an expert, dequantised. Shape: out [columns].
  void decode_row(std::size_t expert, std::size_t row, float* out) const;
};

/// Weight of a norm, and its bias where it has one.
struct NormWeights {
  std::span<const float> weight;
  std::span<const float> bias;
};

/// Of a layer that carries a state.
struct RecurrentWeights {
  PackedMatrix in;
  PackedMatrix gate;
  PackedMatrix write;
  PackedMatrix step;
  PackedMatrix out;
  std::span<const float> convolution;  // [channels, taps]
  std::span<const float> convolution_bias;
  std::span<const float> step_bias;  // these three: [heads]
  std::span<const float> rate;
  std::span<const float> skip;
  std::span<const float> norm;
};

/// Of latent attention. A query is multiplied with the transpose of its head's key matrix [key,
/// rank]. Files that have the heads apart (FileLayout::latent_heads_apart) hold that; in others
/// rows become float32 when they are loaded (a block format cannot be transposed without rounding),
/// and are added up. A head's value matrix is [value, rank].
struct LatentWeights {
  PackedMatrix query_down;
  std::span<const float> query_norm;
  PackedMatrix down;
  std::span<const float> norm;
  std::vector<PackedMatrix> keys;  // transposed; one for each head, as the next two
  std::vector<std::span<const float>> key_rows;
  std::vector<PackedMatrix> values;
};

/// Empty spans and matrices are what a model does not have. Tensors that a file fuses are apart
/// here.
struct LayerWeights {
  NormWeights attention_norm;
  PackedMatrix q;
  PackedMatrix k;
  PackedMatrix v;
  PackedMatrix attention_output;
  std::span<const float> q_bias;
  std::span<const float> k_bias;
  std::span<const float> v_bias;
  std::span<const float> attention_output_bias;
  std::span<const float> q_norm;
  std::span<const float> k_norm;
  std::span<const float> sinks;  // [heads]
  NormWeights attention_post_norm;
  LatentWeights latent;
  RecurrentWeights recurrent;
  NormWeights ffn_norm;
  PackedMatrix router;
  std::span<const float> router_bias;
  std::span<const float> selection_bias;
  PackedMatrix gate;
  PackedMatrix up;
  PackedMatrix down;
  std::span<const float> gate_bias;  // [experts, rows of the matrix]
  std::span<const float> up_bias;
  std::span<const float> down_bias;
  std::span<const float> shared_router;  // [d_model]
  PackedMatrix shared_gate;
  PackedMatrix shared_up;
  PackedMatrix shared_down;
  NormWeights ffn_post_norm;
  // Of a mixture whose parts stand apart.
  NormWeights shared_post_norm;
  NormWeights moe_norm;
  NormWeights moe_post_norm;
  NormWeights router_norm;
  std::span<const float> expert_scale;  // [experts]
  PackedMatrix input_gate;              // of what the layer is given of the token
  PackedMatrix input_out;
  NormWeights input_post_norm;
  std::span<const float> scale;  // [1], of the residual
};

struct ModelWeights {
  Arena memory;
  PackedMatrix embedding;
  PackedMatrix head;  // the embedding itself where the two are tied
  std::span<const float> head_bias;
  NormWeights output_norm;
  PackedMatrix layer_embedding;         // these three: what layers are given of a token
  PackedMatrix layer_input_projection;  // rows and columns of all layers, one after the other
  std::span<const float> layer_input_norm;
  std::span<const float> rope_factors;
  std::span<const float> rope_factors_long;
  std::span<const float> rope_factors_short;
  std::vector<LayerWeights> layers;
};

/// Rows of one tensor of a plan, of every expert, and where they go: all of it, or one of the
/// matrices that a file fuses.
struct WeightPlacement {
  const PlannedTensor* tensor;  // of the plan that was laid out
  TensorRole role;              // of these rows
  std::uint64_t first_row;      // of each expert
  std::uint64_t rows;
  const FormatKernels* kernels;  // null for a vector, which is kept in float32
  std::byte* to;
  bool widened = false;  // rows are kept one behind the other in float32
  [[nodiscard]] bool is_vector() const { return kernels == nullptr; }
};

/// Weights whose memory is reserved and bound but not yet written.
struct WeightLayout {
  ModelWeights weights;
  std::vector<WeightPlacement> placements;  // in the order of the plan, then of rows
};

/// Reserves the memory of a plan and says what goes where. `plan` must outlive the placements.
/// Errors: refused_input (a format that the kernels cannot run, a tensor of no use), does_not_fit.
Result<WeightLayout> lay_out_weights(const ModelSpec& spec, const TensorPlan& plan,
                                     const KernelTable& kernels, const std::string& source);

/// Bytes of these rows as they are kept.
Bytes kept_bytes(const WeightPlacement& placement);

/// Makes the Model; only the two functions that fill weights use it.
struct ModelAccess {
  static Model make(ModelSpec spec, TensorPlan plan, const KernelTable& kernels,
                    ModelWeights weights);
};

}  // namespace assay
