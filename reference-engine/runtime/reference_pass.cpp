#include "reference-engine/runtime/reference_pass.hpp"

#include <cmath>
#include <utility>

#include "reference-engine/runtime/reference_block.hpp"
#include "reference-engine/runtime/reference_layer_inputs.hpp"
#include "reference-engine/runtime/reference_multiply.hpp"
#include "reference-engine/runtime/reference_recurrence.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

/// Multiplies as the state says.
ReferenceProduct product_of(const Session::State& state) {
  return [&state](const PackedMatrix& matrix, const Vector& x) {
    return reference_multiply(state, matrix, 0, x);
  };
}

void recurrent_block(const Session::State& state, std::uint32_t layer, Vector& residual) {
  const LayerWeights& weights = state.weights->layers[layer];
  const Vector x = reference_block_input(state, residual, weights.attention_norm);
  reference_add_block(*state.spec, reference_mixer(state, layer, x, product_of(state)), {},
                      weights.attention_post_norm, residual);
}

}  // namespace

Vector reference_embedding(const Session::State& state, std::uint32_t token) {
  const ModelSpec& spec = *state.spec;
  std::vector<float> row(spec.d_model);
  state.weights->embedding.decode_row(0, token, row.data());
  Vector residual(row.begin(), row.end());
  for (double& value : residual) value *= static_cast<double>(spec.scale.embedding);
  return residual;
}

ReferenceToken reference_token(const Session::State& state, std::uint32_t token,
                               const Vector& embedded) {
  return {reference_layer_inputs(state, token, embedded, product_of(state)),
          std::vector<KeysAndValues>(state.spec->layers.size())};
}

void reference_mixer_block(const Session::State& state, std::uint32_t layer, ReferenceToken& token,
                           Vector& residual, StoredErrors* stored) {
  switch (state.spec->layers[layer].mixer) {
    case Mixer::attention:
      return reference_attention_block(state, layer, token.kept, residual, stored);
    case Mixer::gated_delta_net:
    case Mixer::short_convolution:
    case Mixer::state_space:
      return recurrent_block(state, layer, residual);
    case Mixer::none:
      return;
  }
}

void reference_input_block(const Session::State& state, std::uint32_t layer,
                           const ReferenceToken& token, Vector& residual) {
  const LayerWeights& weights = state.weights->layers[layer];
  const std::size_t width = state.spec->d_layer_input;
  Vector gate = reference_multiply(state, weights.input_gate, 0, residual);
  for (std::size_t i = 0; i < width; ++i) {
    gate[i] =
        reference_activation(state.spec->activation, gate[i], token.inputs[layer * width + i]);
  }
  reference_add_block(*state.spec, reference_multiply(state, weights.input_out, 0, gate), {},
                      weights.input_post_norm, residual);
}

void reference_scale(const Session::State& state, std::uint32_t layer, Vector& residual) {
  const auto factor = static_cast<double>(state.weights->layers[layer].scale.front());
  for (double& value : residual) value *= factor;
}

Vector reference_head(const Session::State& state, const Vector& residual) {
  const ScaleSpec& scale = state.spec->scale;
  const auto cap = static_cast<double>(scale.logit_cap);
  Vector logits =
      reference_multiply(state, state.weights->head, 0,
                         reference_block_input(state, residual, state.weights->output_norm));
  reference_add(logits, state.weights->head_bias);
  for (double& logit : logits) {
    logit /= static_cast<double>(scale.logits);
    if (cap > 0.0) logit = cap * std::tanh(logit / cap);
  }
  return logits;
}

Vector reference_logits(const Session::State& state, std::uint32_t token,
                        std::span<const std::uint32_t> routing) {
  const ModelSpec& spec = *state.spec;
  Vector residual = reference_embedding(state, token);
  ReferenceToken known = reference_token(state, token, residual);
  for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer) {
    reference_mixer_block(state, layer, known, residual);
    const std::size_t chosen = chosen_experts(spec, layer);
    reference_ffn_block(state, layer, routing.first(chosen), residual);
    routing = routing.subspan(chosen);
    if (spec.d_layer_input > 0) reference_input_block(state, layer, known, residual);
    if (spec.layer_scale) reference_scale(state, layer, residual);
  }
  return reference_head(state, residual);
}

}  // namespace assay
