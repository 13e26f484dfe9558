#include "reference-engine/runtime/model_weights.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

bool is_vector(TensorRole role) { return !is_matrix(role) && role != TensorRole::moe_router; }

std::span<const float>* norm_of(ModelWeights& weights, LayerWeights& layer, TensorRole role) {
  switch (role) {
    case TensorRole::output_norm:
      return &weights.output_norm.weight;
    case TensorRole::output_norm_bias:
      return &weights.output_norm.bias;
    case TensorRole::attention_norm:
      return &layer.attention_norm.weight;
    case TensorRole::attention_norm_bias:
      return &layer.attention_norm.bias;
    case TensorRole::attention_post_norm:
      return &layer.attention_post_norm.weight;
    case TensorRole::ffn_norm:
      return &layer.ffn_norm.weight;
    case TensorRole::ffn_norm_bias:
      return &layer.ffn_norm.bias;
    case TensorRole::ffn_post_norm:
      return &layer.ffn_post_norm.weight;
    case TensorRole::shared_post_norm:
      return &layer.shared_post_norm.weight;
    case TensorRole::moe_norm:
      return &layer.moe_norm.weight;
    case TensorRole::moe_post_norm:
      return &layer.moe_post_norm.weight;
    case TensorRole::moe_router_norm:
      return &layer.router_norm.weight;
    case TensorRole::layer_input_norm:
      return &weights.layer_input_norm;
    case TensorRole::layer_input_post_norm:
      return &layer.input_post_norm.weight;
    case TensorRole::attention_q_norm:
      return &layer.q_norm;
    case TensorRole::attention_k_norm:
      return &layer.k_norm;
    case TensorRole::latent_query_norm:
      return &layer.latent.query_norm;
    case TensorRole::latent_norm:
      return &layer.latent.norm;
    default:
      return nullptr;
  }
}

std::span<const float>* recurrent_vector_of(RecurrentWeights& weights, TensorRole role) {
  switch (role) {
    case TensorRole::convolution:
      return &weights.convolution;
    case TensorRole::convolution_bias:
      return &weights.convolution_bias;
    case TensorRole::step_bias:
      return &weights.step_bias;
    case TensorRole::decay_rate:
      return &weights.rate;
    case TensorRole::skip:
      return &weights.skip;
    case TensorRole::mixer_norm:
      return &weights.norm;
    default:
      return nullptr;
  }
}

std::span<const float>* vector_of(ModelWeights& weights, LayerWeights& layer, TensorRole role) {
  switch (role) {
    case TensorRole::rope_factors:
      return &weights.rope_factors;
    case TensorRole::rope_factors_long:
      return &weights.rope_factors_long;
    case TensorRole::rope_factors_short:
      return &weights.rope_factors_short;
    case TensorRole::output_head_bias:
      return &weights.head_bias;
    case TensorRole::attention_q_bias:
      return &layer.q_bias;
    case TensorRole::attention_k_bias:
      return &layer.k_bias;
    case TensorRole::attention_v_bias:
      return &layer.v_bias;
    case TensorRole::attention_output_bias:
      return &layer.attention_output_bias;
    case TensorRole::attention_sinks:
      return &layer.sinks;
    case TensorRole::moe_router_bias:
      return &layer.router_bias;
    case TensorRole::moe_selection_bias:
      return &layer.selection_bias;
    case TensorRole::moe_gate_bias:
      return &layer.gate_bias;
    case TensorRole::moe_up_bias:
      return &layer.up_bias;
    case TensorRole::moe_down_bias:
      return &layer.down_bias;
    case TensorRole::shared_router:
      return &layer.shared_router;
    case TensorRole::moe_expert_scale:
      return &layer.expert_scale;
    case TensorRole::layer_scale:
      return &layer.scale;
    default:
      if (auto* found = recurrent_vector_of(layer.recurrent, role)) return found;
      return norm_of(weights, layer, role);
  }
}

PackedMatrix* matrix_of(ModelWeights& weights, LayerWeights& layer, TensorRole role) {
  switch (role) {
    case TensorRole::token_embedding:
      return &weights.embedding;
    case TensorRole::output_head:
      return &weights.head;
    case TensorRole::attention_q:
    case TensorRole::latent_query_up:
      return &layer.q;
    case TensorRole::attention_k:
      return &layer.k;
    case TensorRole::attention_v:
      return &layer.v;
    case TensorRole::attention_output:
      return &layer.attention_output;
    case TensorRole::latent_query_down:
      return &layer.latent.query_down;
    case TensorRole::latent_down:
      return &layer.latent.down;
    case TensorRole::mixer_in:
      return &layer.recurrent.in;
    case TensorRole::mixer_gate:
      return &layer.recurrent.gate;
    case TensorRole::mixer_write:
      return &layer.recurrent.write;
    case TensorRole::mixer_step:
      return &layer.recurrent.step;
    case TensorRole::mixer_out:
      return &layer.recurrent.out;
    case TensorRole::moe_router:
      return &layer.router;
    case TensorRole::ffn_gate:
    case TensorRole::moe_gate:
      return &layer.gate;
    case TensorRole::ffn_up:
    case TensorRole::moe_up:
      return &layer.up;
    case TensorRole::ffn_down:
    case TensorRole::moe_down:
      return &layer.down;
    case TensorRole::shared_gate:
      return &layer.shared_gate;
    case TensorRole::shared_up:
      return &layer.shared_up;
    case TensorRole::shared_down:
      return &layer.shared_down;
    case TensorRole::layer_embedding:
      return &weights.layer_embedding;
    case TensorRole::layer_input_projection:
      return &weights.layer_input_projection;
    case TensorRole::layer_input_gate:
      return &layer.input_gate;
    case TensorRole::layer_input_out:
      return &layer.input_out;
    default:
      return nullptr;
  }
}

struct Part {
  TensorRole role;
  std::uint64_t rows;
};

/// The matrices that a tensor holds one below the other.
std::vector<Part> parts_of(const ModelSpec& spec, const PlannedTensor& tensor) {
  const std::uint64_t half = tensor.rows / 2;
  switch (tensor.role) {
    case TensorRole::attention_qkv: {
      const AttentionSpec& attention = spec.layers[tensor.layer].attention;
      return {{TensorRole::attention_q, attention.d_q()},
              {TensorRole::attention_k, attention.d_kv()},
              {TensorRole::attention_v, attention.d_kv()}};
    }
    case TensorRole::latent_up: {
      const AttentionSpec& attention = spec.layers[tensor.layer].attention;
      std::vector<Part> parts;
      for (std::uint32_t head = 0; head < attention.heads; ++head) {
        parts.push_back({TensorRole::latent_keys, attention.latent.key});
        parts.push_back({TensorRole::latent_values, attention.latent.value});
      }
      return parts;
    }
    case TensorRole::ffn_gate_up:
      return {{TensorRole::ffn_gate, half}, {TensorRole::ffn_up, half}};
    case TensorRole::moe_gate_up:
      return {{TensorRole::moe_gate, half}, {TensorRole::moe_up, half}};
    default:
      return {{tensor.role, tensor.rows}};
  }
}

void bind_vector(ModelWeights& weights, LayerWeights& layer, const WeightPlacement& placement) {
  const PlannedTensor& tensor = *placement.tensor;
  const std::span<const float> values{reinterpret_cast<const float*>(placement.to),
                                      static_cast<std::size_t>(tensor.parameters())};
  if (tensor.role == TensorRole::attention_qkv_bias) {
    layer.q_bias = values.first(layer.q.rows);
    layer.k_bias = values.subspan(layer.q.rows, layer.k.rows);
    layer.v_bias = values.last(layer.v.rows);
  } else {
    *vector_of(weights, layer, tensor.role) = values;
  }
}

/// The matrices of single heads, in their order; null for a tensor that is not in such parts.
std::vector<PackedMatrix>* heads_of(LatentWeights& weights, TensorRole role) {
  if (role == TensorRole::latent_keys) return &weights.keys;
  if (role == TensorRole::latent_values) return &weights.values;
  return nullptr;
}

void bind(ModelWeights& weights, const WeightPlacement& placement) {
  const PlannedTensor& tensor = *placement.tensor;
  LayerWeights& layer = weights.layers[tensor.layer];
  if (placement.is_vector()) return bind_vector(weights, layer, placement);
  if (placement.widened) {
    layer.latent.key_rows.emplace_back(reinterpret_cast<const float*>(placement.to),
                                       static_cast<std::size_t>(placement.rows * tensor.columns));
    return;
  }
  const PackedMatrix matrix{
      placement.kernels, placement.to, static_cast<std::size_t>(placement.rows),
      static_cast<std::size_t>(tensor.columns), static_cast<std::size_t>(tensor.experts)};
  if (auto* heads = heads_of(layer.latent, placement.role)) {
    for (std::size_t i = 0; i < matrix.experts; ++i) heads->push_back(matrix.part(i));
  } else {
    *matrix_of(weights, layer, placement.role) = matrix;
  }
}

}  // namespace

std::size_t PackedMatrix::panel_count() const {
  return (rows + kernels->panel_rows - 1) / kernels->panel_rows;
}

std::size_t PackedMatrix::panel_bytes() const {
  return kernels->panel_rows * row_bytes(static_cast<WeightFormat>(kernels->format), columns);
}

const std::byte* PackedMatrix::panel(std::size_t expert, std::size_t index) const {
  return panels + (expert * panel_count() + index) * panel_bytes();
}

PackedMatrix PackedMatrix::part(std::size_t expert) const {
  return {kernels, panel(expert, 0), rows, columns, 1};
}

void PackedMatrix::decode_row(std::size_t expert, std::size_t row, float* out) const {
  kernels->decode_row(panel(expert, row / kernels->panel_rows), row % kernels->panel_rows, columns,
                      out);
}

Bytes kept_bytes(const WeightPlacement& placement) {
  const PlannedTensor& tensor = *placement.tensor;
  if (placement.is_vector()) return Bytes(tensor.parameters() * sizeof(float));
  if (placement.widened) return Bytes(placement.rows * tensor.columns * sizeof(float));
  const std::uint64_t panel_rows = placement.kernels->panel_rows;
  const std::uint64_t panels = (placement.rows + panel_rows - 1) / panel_rows;
  return Bytes(tensor.experts * panels * panel_rows * row_bytes(tensor.format, tensor.columns));
}

Result<WeightLayout> lay_out_weights(const ModelSpec& spec, const TensorPlan& plan,
                                     const KernelTable& kernels, const std::string& source) {
  WeightLayout layout;
  layout.weights.layers.resize(spec.layers.size());
  Bytes total(0);
  for (const PlannedTensor& tensor : plan.tensors) {
    const FormatKernels* format =
        is_vector(tensor.role) ? nullptr : format_kernels(kernels, tensor.format);
    if (!is_vector(tensor.role) && format == nullptr) {
      return fail(ErrorCode::refused_input,
                  tensor.name + ": format " + std::string(format_name(tensor.format)) +
                      " (expected one that the engine runs)",
                  source);
    }
    if (tensor.layer >= spec.layers.size()) {
      return fail(ErrorCode::refused_input, tensor.name + ": a layer that the model does not have",
                  source);
    }
    std::uint64_t first_row = 0;
    for (const Part& part : parts_of(spec, tensor)) {
      const bool widened =
          tensor.role == TensorRole::latent_up && part.role == TensorRole::latent_keys;
      layout.placements.push_back(
          {&tensor, part.role, first_row, part.rows, format, nullptr, widened});
      total += Arena::rounded(kept_bytes(layout.placements.back()));
      first_row += part.rows;
    }
  }
  auto memory = Arena::reserve(total, "weights");
  if (!memory) return pass_on(memory);
  layout.weights.memory = std::move(*memory);
  for (WeightPlacement& placement : layout.placements) {
    placement.to = layout.weights.memory.take(kept_bytes(placement));
    bind(layout.weights, placement);
  }
  if (spec.tied_embeddings) layout.weights.head = layout.weights.embedding;
  return layout;
}

}  // namespace assay
