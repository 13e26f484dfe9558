#include "reference-engine/runtime/forward_pass.hpp"

#include <array>
#include <cmath>

#include "reference-engine/ops/attention_block.hpp"
#include "reference-engine/ops/ffn.hpp"
#include "reference-engine/ops/gated_delta_net.hpp"
#include "reference-engine/ops/latent_attention.hpp"
#include "reference-engine/ops/layer_inputs.hpp"
#include "reference-engine/ops/short_convolution.hpp"
#include "reference-engine/ops/state_space.hpp"

namespace assay {
namespace {

void embed(const Pass& pass, std::span<const std::uint32_t> tokens) {
  const float scale = pass.spec.scale.embedding;
  const std::size_t width = pass.spec.d_model;
  for_pieces(pass, tokens.size(), row_grain(pass, tokens.size()),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) {
                 float* row = pass.buffers.residual + t * width;
                 pass.weights.embedding.decode_row(0, tokens[t], row);
                 for (std::size_t i = 0; scale != 1.0F && i < width; ++i) row[i] *= scale;
               }
             });
}

/// residual += mixer(norm(residual))
void mixer_block(const Pass& pass, std::uint32_t layer) {
  switch (pass.spec.layers[layer].mixer) {
    case Mixer::attention:
      if (pass.spec.layers[layer].attention.is_latent()) {
        return latent_attention_block(pass, layer);
      }
      return attention_block(pass, layer);
    case Mixer::short_convolution:
      return short_convolution_block(pass, layer);
    case Mixer::state_space:
      return state_space_block(pass, layer);
    case Mixer::gated_delta_net:
      return gated_delta_net_block(pass, layer);
    case Mixer::none:
      return;
  }
}

/// residual += ffn(norm(residual))
void ffn_block(const Pass& pass, std::uint32_t layer) {
  switch (pass.spec.layers[layer].ffn) {
    case Ffn::dense:
      return dense_ffn(pass, pass.weights.layers[layer]);
    case Ffn::mixture:
      return mixture_ffn(pass, pass.weights.layers[layer]);
    case Ffn::none:
      return;
  }
}

/// What the check against float64 compares, where it is asked for.
void note_residual(const Pass& pass) {
  if (pass.residuals == nullptr) return;
  const float* last = pass.buffers.residual + (pass.tokens - 1) * pass.spec.d_model;
  pass.residuals->insert(pass.residuals->end(), last, last + pass.spec.d_model);
}

/// Bias, scale and soft cap of the logits of one token.
void finish_logits(const Pass& pass, float* logits) {
  const ScaleSpec& scale = pass.spec.scale;
  const std::size_t vocabulary = pass.spec.vocabulary;
  add_bias(pass, pass.weights.head_bias, logits);
  for (std::size_t i = 0; scale.logits != 1.0F && i < vocabulary; ++i) logits[i] /= scale.logits;
  if (scale.logit_cap > 0.0F) pass.kernels.soft_cap(logits, scale.logit_cap, vocabulary);
}

}  // namespace

void run_layers(const Pass& pass, std::span<const std::uint32_t> tokens) {
  embed(pass, tokens);
  if (pass.spec.d_layer_input > 0) prepare_layer_inputs(pass, tokens);
  for (std::size_t i = 0; i < pass.ropes.size(); ++i) {
    rope_table(pass.ropes[i], pass.first_position, static_cast<std::uint32_t>(pass.tokens),
               pass.buffers.ropes[i].cosines, pass.buffers.ropes[i].sines);
  }
  note_residual(pass);
  for (std::uint32_t layer = 0; layer < pass.spec.layers.size(); ++layer) {
    mixer_block(pass, layer);
    note_residual(pass);
    ffn_block(pass, layer);
    note_residual(pass);
    if (pass.spec.d_layer_input > 0) {
      layer_input_block(pass, layer);
      note_residual(pass);
    }
    if (pass.spec.layer_scale) {
      scale_residual(pass, layer);
      note_residual(pass);
    }
  }
}

void compute_logits(const Pass& pass, std::size_t first, std::size_t count) {
  const Activations x = normalise(pass, pass.buffers.residual + first * pass.spec.d_model, count,
                                  pass.weights.output_norm, {&pass.weights.head});
  const std::array head{
      Product{&pass.weights.head, 0, x, count, pass.buffers.logits, pass.spec.vocabulary}};
  multiply(pass.pool, head);
  for (std::size_t i = 0; i < count; ++i) {
    finish_logits(pass, pass.buffers.logits + i * pass.spec.vocabulary);
  }
}

}  // namespace assay
