#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

enum class TensorRole {
  token_embedding,
  output_norm,
  output_norm_bias,
  output_head,
  output_head_bias,
  rope_factors,
  rope_factors_long,
  rope_factors_short,
  attention_norm,
  attention_norm_bias,
  attention_qkv,  // rows of q, then k, then v
  attention_q,
  attention_k,
  attention_v,
  attention_output,
  attention_qkv_bias,
  attention_q_bias,
  attention_k_bias,
  attention_v_bias,
  attention_output_bias,
  attention_q_norm,
  attention_k_norm,
  attention_sinks,
  attention_post_norm,
  latent_query_down,  // of latent attention: input -> what queries are made from
  latent_query_norm,
  latent_query_up,
  latent_down,  // input -> what keys and values are made from, and the shared key
  latent_norm,
  latent_up,    // of each head: rows of its key, then of its value
  latent_keys,  // the same apart: a transposed matrix for each head
  latent_values,
  mixer_in,     // of a layer that carries a state: what its convolution sees, and more
  mixer_gate,   // z
  mixer_write,  // beta
  mixer_step,   // alpha
  mixer_out,
  convolution,
  convolution_bias,
  step_bias,
  decay_rate,
  skip,
  mixer_norm,
  ffn_norm,
  ffn_norm_bias,
  ffn_gate_up,  // rows of gate, then up
  ffn_gate,
  ffn_up,
  ffn_down,
  ffn_post_norm,
  moe_router,
  moe_router_bias,
  moe_selection_bias,
  moe_gate_up,
  moe_gate,
  moe_up,
  moe_down,
  moe_gate_bias,
  moe_up_bias,
  moe_down_bias,
  shared_router,
  shared_gate,
  shared_up,
  shared_down,
  shared_post_norm,  // these four: of a mixture whose parts stand apart (MoeSpec::apart)
  moe_norm,
  moe_post_norm,
  moe_router_norm,
  moe_expert_scale,
  layer_embedding,  // what each layer is given of a token, all layers in a row
  layer_input_projection,
  layer_input_norm,
  layer_input_gate,
  layer_input_out,
  layer_input_post_norm,
  layer_scale,
  stream_spread,  // these seven: of several residual streams, from the first one and back
  stream_gather,
  stream_predict,
  stream_correct,
  stream_scale,
  stream_router,
  stream_router_norm,
  low_rank_down,  // these three: a product beside attention through few values
  low_rank_up,
  low_rank_post_norm,
};

/// One tensor of a model. `columns` is the length of a row (the input width of a matrix product),
/// `rows` the number of rows of one expert, `experts` how many such matrices are stacked (1 for all
/// but MoE tensors).
struct PlannedTensor {
  std::string name;  // as in a GGUF file: "blk.3.attn_q.weight"
  TensorRole role;
  std::uint32_t layer;  // 0 where it belongs to no layer
  std::uint64_t columns;
  std::uint64_t rows;
  std::uint64_t experts;
  std::uint64_t experts_used;  // how many of them one token multiplies with; 0: nothing does
  WeightFormat format;
  Bytes bytes;                 // stored, without padding
  Bytes bytes_read_per_token;  // in decode: one row of the embedding (all of it when it is the head
                               // too), the used experts, all of the rest
  [[nodiscard]] std::uint64_t parameters() const { return columns * rows * experts; }
  bool operator==(const PlannedTensor&) const = default;
};

/// A tensor that multiplies activations or is looked up by row: recipes quantise these, and only
/// these. The others (norms, biases, rope factors, the router of experts) are F32.
bool is_matrix(TensorRole role);

/// Whether a token takes one row of the tensor. The first of them may be the head besides.
bool is_looked_up(TensorRole role);

/// Whether the tensor holds a part for each expert, of which a token uses some.
bool is_expert(TensorRole role);

/// Rows of a tensor that the engine keeps in float32 whatever the format, because it needs them by
/// columns too: the heads' keys of TensorRole::latent_up.
std::uint64_t widened_rows(const PlannedTensor& tensor, const ModelSpec& spec);
/// By how many bytes those are more than they are in the file; 0 for other tensors. All of them are
/// read in each decode step.
Bytes widening(const PlannedTensor& tensor, const ModelSpec& spec);

/// Rows are kept in panels of so many (kernels/panels/panels.inl); one by one for scalar kernels.
inline constexpr std::uint64_t k_panel_rows = 16;
/// What fills up the last panel of a matrix, or of each expert's, when it is kept; 0 for vectors.
Bytes padding(const PlannedTensor& tensor);

/// All tensors of a model: embedding, head, then layer by layer. A file may hold them in another
/// order.
struct TensorPlan {
  std::vector<PlannedTensor> tensors;
  [[nodiscard]] Bytes total_bytes() const;
  [[nodiscard]] Bytes bytes_read_per_token() const;
  [[nodiscard]] std::uint64_t parameters() const;
  /// Parameters that one token multiplies with (all but the experts not used).
  [[nodiscard]] std::uint64_t active_parameters() const;
  bool operator==(const TensorPlan&) const = default;
};

/// Which tensor gets which format: a named mixture ("Q4_K_M") or one format for all matrices.
/// The rules are those of the public quantiser (kernels.md section 1): rows that a block does not
/// divide fall back to a wider type, norms and routers stay F32.
enum class Recipe {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k_s,
  q3_k_m,
  q3_k_l,
  q4_k_s,
  q4_k_m,
  q5_k_s,
  q5_k_m,
  q6_k,
  iq4_nl,
  iq4_xs,
  mxfp4,  // experts only, the rest is Q8_0: the public quantiser's MXFP4_MOE
};

std::span<const Recipe> all_recipes();
std::string_view recipe_name(Recipe recipe);
/// Case does not matter. Nothing for an unknown name.
std::optional<Recipe> recipe_from_name(std::string_view name);

/// The plan of a model whose weights follow a recipe. Errors: refused_input for a spec with
/// impossible sizes.
Result<TensorPlan> tensor_plan(const ModelSpec& spec, Recipe recipe);

}  // namespace assay
