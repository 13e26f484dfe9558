#include "reference-engine/runtime/model_weights.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

bool is_vector(TensorRole role) { return !is_matrix(role) && role != TensorRole::moe_router; }

std::span<const float>* vector_of(ModelWeights& weights, LayerWeights& layer, TensorRole role) {
  switch (role) {
    case TensorRole::output_norm:
      return &weights.output_norm;
    case TensorRole::rope_factors:
      return &weights.rope_factors;
    case TensorRole::attention_norm:
      return &layer.attention_norm;
    case TensorRole::attention_q_bias:
      return &layer.q_bias;
    case TensorRole::attention_k_bias:
      return &layer.k_bias;
    case TensorRole::attention_v_bias:
      return &layer.v_bias;
    case TensorRole::attention_q_norm:
      return &layer.q_norm;
    case TensorRole::attention_k_norm:
      return &layer.k_norm;
    case TensorRole::ffn_norm:
      return &layer.ffn_norm;
    default:
      return nullptr;
  }
}

PackedMatrix* matrix_of(ModelWeights& weights, LayerWeights& layer, TensorRole role) {
  switch (role) {
    case TensorRole::token_embedding:
      return &weights.embedding;
    case TensorRole::output_head:
      return &weights.head;
    case TensorRole::attention_q:
      return &layer.q;
    case TensorRole::attention_k:
      return &layer.k;
    case TensorRole::attention_v:
      return &layer.v;
    case TensorRole::attention_output:
      return &layer.attention_output;
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
    default:
      return nullptr;
  }
}

void bind(ModelWeights& weights, const WeightPlacement& placement) {
  const PlannedTensor& tensor = *placement.tensor;
  LayerWeights& layer = weights.layers[tensor.layer];
  if (placement.is_vector()) {
    *vector_of(weights, layer, tensor.role) = {reinterpret_cast<const float*>(placement.to),
                                               static_cast<std::size_t>(tensor.columns)};
  } else {
    *matrix_of(weights, layer, tensor.role) = {
        placement.kernels, placement.to, static_cast<std::size_t>(tensor.rows),
        static_cast<std::size_t>(tensor.columns), static_cast<std::size_t>(tensor.experts)};
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

void PackedMatrix::decode_row(std::size_t expert, std::size_t row, float* out) const {
  kernels->decode_row(panel(expert, row / kernels->panel_rows), row % kernels->panel_rows, columns,
                      out);
}

Bytes kept_bytes(const PlannedTensor& tensor, const FormatKernels* kernels) {
  if (kernels == nullptr) return Bytes(tensor.columns * sizeof(float));
  const std::uint64_t panels = (tensor.rows + kernels->panel_rows - 1) / kernels->panel_rows;
  return Bytes(tensor.experts * panels * kernels->panel_rows *
               row_bytes(tensor.format, tensor.columns));
}

Result<WeightLayout> lay_out_weights(const ModelSpec& spec, const TensorPlan& plan,
                                     const KernelTable& kernels, const std::string& source) {
  WeightLayout layout;
  layout.weights.layers.resize(spec.layers);
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
    if (tensor.layer >= spec.layers) {
      return fail(ErrorCode::refused_input, tensor.name + ": a layer that the model does not have",
                  source);
    }
    layout.placements.push_back({&tensor, format, nullptr});
    total += Arena::rounded(kept_bytes(tensor, format));
  }
  auto memory = Arena::reserve(total, "weights");
  if (!memory) return pass_on(memory);
  layout.weights.memory = std::move(*memory);
  for (WeightPlacement& placement : layout.placements) {
    placement.to = layout.weights.memory.take(kept_bytes(*placement.tensor, placement.kernels));
    bind(layout.weights, placement);
  }
  if (spec.tied_embeddings) layout.weights.head = layout.weights.embedding;
  return layout;
}

}  // namespace assay
