#include "reference-engine/runtime/forward_pass.hpp"

#include <algorithm>
#include <array>

#include "reference-engine/ops/attention.hpp"
#include "reference-engine/ops/ffn.hpp"
#include "reference-engine/ops/norm.hpp"

namespace assay {
namespace {

void embed(const Pass& pass, std::span<const std::uint32_t> tokens) {
  for_pieces(pass, tokens.size(), row_grain(pass, tokens.size()),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) {
                 pass.weights.embedding.decode_row(0, tokens[t],
                                                   pass.buffers.residual + t * pass.spec.d_model);
               }
             });
}

void add_bias(const Pass& pass, std::span<const float> bias, float* values) {
  if (!bias.empty()) pass.kernels.add_scaled(values, bias.data(), 1.0F, bias.size());
}

/// Normalises queries or keys of one token, per head or as a whole, and rotates each head.
void norm_and_rotate(const Pass& pass, std::span<const float> weight, std::size_t token,
                     std::uint32_t heads, float* values) {
  const ModelSpec& spec = pass.spec;
  const std::size_t dim = spec.head_dim;
  if (spec.qk_norm == QkNorm::full) {
    const std::span<float> all(values, heads * dim);
    rms_norm(pass.kernels, all, weight, spec.norm_epsilon, all);
  }
  const std::size_t angles = token * (spec.rope.dims / 2);
  for (std::uint32_t h = 0; h < heads; ++h) {
    const std::span<float> head(values + h * dim, dim);
    if (spec.qk_norm == QkNorm::per_head) {
      rms_norm(pass.kernels, head, weight, spec.norm_epsilon, head);
    }
    rotate_head(spec.rope, pass.buffers.cosines + angles, pass.buffers.sines + angles, head.data());
  }
}

/// Biases, normalisation and rotation of queries and keys; keys and values go into the cache.
void finish_qkv(const Pass& pass, const LayerWeights& weights, std::uint32_t layer) {
  const ModelSpec& spec = pass.spec;
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) {
                 float* q = pass.buffers.queries + t * spec.d_q();
                 float* k = pass.buffers.keys + t * spec.d_kv();
                 float* v = pass.buffers.values + t * spec.d_kv();
                 add_bias(pass, weights.q_bias, q);
                 add_bias(pass, weights.k_bias, k);
                 add_bias(pass, weights.v_bias, v);
                 norm_and_rotate(pass, weights.q_norm, t, spec.heads, q);
                 norm_and_rotate(pass, weights.k_norm, t, spec.kv_heads, k);
                 const auto position = static_cast<std::uint32_t>(pass.first_position + t);
                 for (std::uint32_t h = 0; h < spec.kv_heads; ++h) {
                   const std::size_t first = std::size_t{h} * spec.head_dim;
                   pass.cache.store(pass.kernels, layer, h, position, k + first, v + first);
                 }
               }
             });
}

/// Every block of queries of every K/V head; queries become what the heads give.
void attend_all(const Pass& pass, std::uint32_t layer) {
  const ModelSpec& spec = pass.spec;
  const std::uint32_t group = spec.heads / spec.kv_heads;
  const std::size_t block_tokens = attention_block_tokens(group);
  const std::size_t blocks = (pass.tokens + block_tokens - 1) / block_tokens;
  pass.pool.for_each(
      spec.kv_heads * blocks, 1, [&](std::size_t begin, std::size_t end, unsigned thread) {
        for (std::size_t i = begin; i < end; ++i) {
          const auto kv_head = static_cast<std::uint32_t>(i / blocks);
          const std::size_t first = i % blocks * block_tokens;
          const QueryBlock block{
              pass.buffers.queries + first * spec.d_q() +
                  std::size_t{kv_head} * group * spec.head_dim,
              spec.d_q(),
              static_cast<std::uint32_t>(std::min(block_tokens, pass.tokens - first)),
              group,
              spec.head_dim,
              static_cast<std::uint32_t>(pass.first_position + first)};
          attend(pass.kernels, pass.cache.head(layer, kv_head), block,
                 pass.buffers.attention + thread * pass.buffers.attention_stride);
        }
      });
}

/// What the heads gave, with codes where the output matrix takes them.
Activations head_outputs(const Pass& pass, const PackedMatrix& matrix) {
  const std::size_t width = pass.spec.d_q();
  if (any_takes_q8({&matrix})) {
    for_pieces(
        pass, pass.tokens, row_grain(pass, pass.tokens), [&](std::size_t begin, std::size_t end) {
          for (std::size_t t = begin; t < end; ++t) {
            pass.buffers.codes.quantise(pass.kernels, pass.buffers.queries + t * width, width, t);
          }
        });
  }
  return pass.buffers.codes.with(pass.buffers.queries, width);
}

void add_to_residual(const Pass& pass, const float* rows) {
  const std::size_t width = pass.spec.d_model;
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               pass.kernels.add_scaled(pass.buffers.residual + begin * width, rows + begin * width,
                                       1.0F, (end - begin) * width);
             });
}

/// residual += attention(norm(residual))
void attention_block(const Pass& pass, const LayerWeights& weights, std::uint32_t layer) {
  const ModelSpec& spec = pass.spec;
  const PassBuffers& buffers = pass.buffers;
  const Activations x = normalise(pass, buffers.residual, pass.tokens, weights.attention_norm,
                                  {&weights.q, &weights.k, &weights.v});
  const std::array qkv{
      Product{&weights.q, 0, x, pass.tokens, buffers.queries, spec.d_q()},
      Product{&weights.k, 0, x, pass.tokens, buffers.keys, spec.d_kv()},
      Product{&weights.v, 0, x, pass.tokens, buffers.values, spec.d_kv()},
  };
  multiply(pass.pool, qkv);
  finish_qkv(pass, weights, layer);
  attend_all(pass, layer);
  const Activations heads = head_outputs(pass, weights.attention_output);
  const std::array output{
      Product{&weights.attention_output, 0, heads, pass.tokens, buffers.normalised, spec.d_model}};
  multiply(pass.pool, output);
  add_to_residual(pass, buffers.normalised);
}

/// residual += ffn(norm(residual))
void ffn_block(const Pass& pass, const LayerWeights& weights) {
  if (pass.spec.is_moe()) {
    add_experts(pass, weights);
  } else {
    dense_ffn(pass, weights);
    add_to_residual(pass, pass.buffers.normalised);
  }
}

}  // namespace

void run_layers(const Pass& pass, std::span<const std::uint32_t> tokens) {
  embed(pass, tokens);
  rope_table(pass.rope, pass.first_position, static_cast<std::uint32_t>(pass.tokens),
             pass.buffers.cosines, pass.buffers.sines);
  for (std::uint32_t layer = 0; layer < pass.spec.layers; ++layer) {
    attention_block(pass, pass.weights.layers[layer], layer);
    ffn_block(pass, pass.weights.layers[layer]);
  }
}

void compute_logits(const Pass& pass, std::size_t first, std::size_t count) {
  const Activations x = normalise(pass, pass.buffers.residual + first * pass.spec.d_model, count,
                                  pass.weights.output_norm, {&pass.weights.head});
  const std::array head{
      Product{&pass.weights.head, 0, x, count, pass.buffers.logits, pass.spec.vocabulary}};
  multiply(pass.pool, head);
}

}  // namespace assay
