#include "reference-engine/ops/layer_inputs.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "reference-engine/ops/ffn.hpp"
#include "reference-engine/ops/norm.hpp"

namespace assay {
namespace {

/// The parts of one token for all layers: row = (norm(row / sqrt(d_model)) + own sqrt(width)) /
/// sqrt(2). Shapes: own, row [layers, width].
void join(const Pass& pass, std::span<const float> own, std::span<float> row) {
  const std::size_t width = pass.spec.d_layer_input;
  const float root = 1.0F / std::sqrt(static_cast<float>(pass.spec.d_model));
  const float own_scale = std::sqrt(static_cast<float>(width));
  for (float& value : row) value *= root;
  for (std::size_t first = 0; first < row.size(); first += width) {
    const std::span<float> part = row.subspan(first, width);
    rms_norm(pass.kernels, part, pass.weights.layer_input_norm, pass.spec.norm.epsilon, part);
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = (row[i] + own[i] * own_scale) / std::numbers::sqrt2_v<float>;
  }
}

}  // namespace

void prepare_layer_inputs(const Pass& pass, std::span<const std::uint32_t> tokens) {
  const PackedMatrix& projection = pass.weights.layer_input_projection;
  const std::size_t all = projection.rows;
  // No norm: the embedded tokens as they are, with codes where the matrix takes them.
  const Activations x = normalise(pass, pass.buffers.residual, pass.tokens, {}, {&projection});
  const std::array products{
      Product{&projection, 0, x, pass.tokens, pass.buffers.layer_inputs, all}};
  multiply(pass.pool, products);
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               std::vector<float> own(all);
               for (std::size_t t = begin; t < end; ++t) {
                 pass.weights.layer_embedding.decode_row(0, tokens[t], own.data());
                 join(pass, own, {pass.buffers.layer_inputs + t * all, all});
               }
             });
}

void layer_input_block(const Pass& pass, std::uint32_t index) {
  const PassBuffers& buffers = pass.buffers;
  const LayerWeights& layer = pass.weights.layers[index];
  const std::size_t width = pass.spec.d_layer_input;
  const std::size_t all = width * pass.spec.layers.size();
  const Activations x = normalise(pass, buffers.residual, pass.tokens, {}, {&layer.input_gate});
  const std::array gates{Product{&layer.input_gate, 0, x, pass.tokens, buffers.layer_gate, width}};
  multiply(pass.pool, gates);
  const bool codes = any_takes_q8({&layer.input_out});
  for_pieces(
      pass, pass.tokens, row_grain(pass, pass.tokens), [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          float* gate = buffers.layer_gate + t * width;
          gated_activation(pass, gate, buffers.layer_inputs + t * all + index * width, width);
          if (codes) buffers.codes.quantise(pass.kernels, gate, width, t);
        }
      });
  const std::array output{Product{&layer.input_out, 0,
                                  buffers.codes.with(buffers.layer_gate, width), pass.tokens,
                                  buffers.normalised, pass.spec.d_model}};
  multiply(pass.pool, output);
  add_to_residual(pass, buffers.normalised, {}, layer.input_post_norm);
}

void scale_residual(const Pass& pass, std::uint32_t layer) {
  const std::size_t width = pass.spec.d_model;
  const float factor = pass.weights.layers[layer].scale.front();
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               float* row = pass.buffers.residual + begin * width;
               for (std::size_t i = 0; i < (end - begin) * width; ++i) row[i] *= factor;
             });
}

}  // namespace assay
