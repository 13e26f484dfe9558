#include "reference-engine/ops/attention_block.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "reference-engine/ops/attend_heads.hpp"
#include "reference-engine/ops/norm.hpp"
#include "reference-engine/ops/rope.hpp"

namespace assay {
namespace {

/// One layer of a pass.
struct AttentionLayer {
  const Pass& pass;
  std::uint32_t index;
  const AttentionSpec& spec;
  const LayerWeights& weights;
};

/// Normalises queries or keys of one token, per head or as a whole, and rotates each head.
void norm_and_rotate(const AttentionLayer& layer, std::span<const float> weight, std::size_t token,
                     std::uint32_t heads, float* values) {
  const ModelSpec& model = layer.pass.spec;
  const KernelTable& kernels = layer.pass.kernels;
  const std::size_t dim = layer.spec.head_dim;
  if (model.qk_norm == QkNorm::full) {
    const std::span<float> all(values, heads * dim);
    rms_norm(kernels, all, weight, model.norm.epsilon, all);
  }
  for (std::uint32_t h = 0; h < heads; ++h) {
    const std::span<float> head(values + h * dim, dim);
    if (model.qk_norm == QkNorm::per_head) {
      rms_norm(kernels, head, weight, model.norm.epsilon, head);
    }
    if (!layer.spec.rope) continue;
    const RopeSpec& rope = model.ropes[*layer.spec.rope];
    const RopeTable& table = layer.pass.buffers.ropes[*layer.spec.rope];
    const std::size_t angles = token * (rope.dims / 2);
    rotate_head(rope, table.cosines + angles, table.sines + angles, head.data());
  }
}

/// Queries far into a text are made sharper.
void scale_by_position(const ScaleSpec& scale, std::uint32_t position, std::span<float> queries) {
  if (scale.temperature == 0.0F) return;
  const float factor = temperature_factor(scale, position);
  for (float& value : queries) value *= factor;
}

/// The bias of one token's queries; with an output gate they are taken from the projected row,
/// where each head's query is followed by its gate.
void take_queries(const AttentionLayer& layer, std::size_t token, float* queries) {
  if (!layer.spec.output_gate) return add_bias(layer.pass, layer.weights.q_bias, queries);
  const std::size_t dim = layer.spec.head_dim;
  float* row = layer.pass.buffers.projected + token * layer.spec.d_q_rows();
  add_bias(layer.pass, layer.weights.q_bias, row);
  for (std::size_t h = 0; h < layer.spec.heads; ++h) {
    std::copy_n(row + 2 * h * dim, dim, queries + h * dim);
  }
}

/// The values of one token, which may be its keys as they are now.
void take_values(const AttentionLayer& layer, const float* keys, float* values) {
  const ModelSpec& model = layer.pass.spec;
  const std::size_t dim = layer.spec.head_dim;
  if (layer.spec.values_are_keys) std::copy_n(keys, layer.spec.d_kv(), values);
  add_bias(layer.pass, layer.weights.v_bias, values);
  for (std::size_t h = 0; model.value_norm && h < layer.spec.kv_heads; ++h) {
    const std::span<float> head(values + h * dim, dim);
    rms_norm(layer.pass.kernels, head, {}, model.norm.epsilon, head);
  }
}

/// queries *= sigmoid(gate), for what the heads of one token gave.
void apply_gate(const AttentionLayer& layer, std::size_t token) {
  const std::size_t dim = layer.spec.head_dim;
  const float* row = layer.pass.buffers.projected + token * layer.spec.d_q_rows();
  float* heads = layer.pass.buffers.queries + token * layer.spec.d_q();
  for (std::size_t h = 0; h < layer.spec.heads; ++h) {
    const float* gate = row + (2 * h + 1) * dim;
    for (std::size_t i = 0; i < dim; ++i) heads[h * dim + i] /= 1.0F + std::exp(-gate[i]);
  }
}

/// Biases, normalisation and rotation of queries and keys; keys and values go into the cache.
void finish_qkv(const AttentionLayer& layer) {
  const Pass& pass = layer.pass;
  const AttentionSpec& spec = layer.spec;
  const LayerWeights& weights = layer.weights;
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) {
                 float* q = pass.buffers.queries + t * spec.d_q();
                 float* k = pass.buffers.keys + t * spec.d_kv();
                 float* v = pass.buffers.values + t * spec.d_kv();
                 take_queries(layer, t, q);
                 norm_and_rotate(layer, weights.q_norm, t, spec.heads, q);
                 const auto position = static_cast<std::uint32_t>(pass.first_position + t);
                 scale_by_position(pass.spec.scale, position, {q, spec.d_q()});
                 if (spec.cache_of) continue;
                 add_bias(pass, weights.k_bias, k);
                 take_values(layer, k, v);
                 norm_and_rotate(layer, weights.k_norm, t, spec.kv_heads, k);
                 for (std::uint32_t h = 0; h < spec.kv_heads; ++h) {
                   const std::size_t first = std::size_t{h} * spec.head_dim;
                   pass.cache.store(pass.kernels, layer.index, h, position, k + first, v + first);
                 }
               }
             });
}

/// Every block of queries of every K/V head; queries become what the heads give.
void attend_all(const AttentionLayer& layer) {
  const Pass& pass = layer.pass;
  const AttentionSpec& spec = layer.spec;
  const std::uint32_t group = attention_group(spec);
  const std::size_t block_tokens = attention_block_tokens(group);
  const std::size_t blocks = (pass.tokens + block_tokens - 1) / block_tokens;
  const float* sinks = layer.weights.sinks.empty() ? nullptr : layer.weights.sinks.data();
  attend_heads(pass, spec.kv_heads * blocks, [&](std::size_t i) {
    const auto kv_head = static_cast<std::uint32_t>(i / blocks);
    const std::size_t first = i % blocks * block_tokens;
    return HeadBlock{
        {.queries = pass.buffers.queries + first * spec.d_q() +
                    std::size_t{kv_head} * group * spec.head_dim,
         .stride = spec.d_q(),
         .tokens = static_cast<std::uint32_t>(std::min(block_tokens, pass.tokens - first)),
         .group = group,
         .dim = spec.head_dim,
         .first_position = static_cast<std::uint32_t>(pass.first_position + first),
         .window = spec.window,
         .scale = attention_scale(pass.spec.scale, spec),
         .cap = pass.spec.scale.attention_cap,
         .sinks = sinks == nullptr ? nullptr : sinks + std::size_t{kv_head} * group},
        pass.cache.head(layer.index, kv_head)};
  });
}

/// What the heads gave, gated, with codes where the output matrix takes them.
Activations head_outputs(const AttentionLayer& layer) {
  const Pass& pass = layer.pass;
  const std::size_t width = layer.spec.d_q();
  const bool codes = any_takes_q8({&layer.weights.attention_output});
  if (codes || layer.spec.output_gate) {
    for_pieces(
        pass, pass.tokens, row_grain(pass, pass.tokens), [&](std::size_t begin, std::size_t end) {
          for (std::size_t t = begin; t < end; ++t) {
            if (layer.spec.output_gate) apply_gate(layer, t);
            if (codes)
              pass.buffers.codes.quantise(pass.kernels, pass.buffers.queries + t * width, width, t);
          }
        });
  }
  return pass.buffers.codes.with(pass.buffers.queries, width);
}

}  // namespace

void attention_block(const Pass& pass, std::uint32_t index) {
  const PassBuffers& buffers = pass.buffers;
  const LayerWeights& weights = pass.weights.layers[index];
  const AttentionLayer layer{pass, index, pass.spec.layers[index].attention, weights};
  const Activations x = normalise(pass, buffers.residual, pass.tokens, weights.attention_norm,
                                  {&weights.q, &weights.k, &weights.v});
  const std::array qkv{
      Product{&weights.q, 0, x, pass.tokens,
              layer.spec.output_gate ? buffers.projected : buffers.queries, layer.spec.d_q_rows()},
      Product{&weights.k, 0, x, pass.tokens, buffers.keys, layer.spec.d_kv()},
      Product{&weights.v, 0, x, pass.tokens, buffers.values, layer.spec.d_kv()},
  };
  // Keys and values may be another layer's, and values the keys.
  const std::size_t products = layer.spec.cache_of ? 1 : layer.spec.values_are_keys ? 2 : 3;
  multiply(pass.pool, std::span(qkv).first(products));
  finish_qkv(layer);
  attend_all(layer);
  const std::array output{Product{&weights.attention_output, 0, head_outputs(layer), pass.tokens,
                                  buffers.normalised, pass.spec.d_model}};
  multiply(pass.pool, output);
  add_to_residual(pass, buffers.normalised, weights.attention_output_bias,
                  weights.attention_post_norm);
}

}  // namespace assay
