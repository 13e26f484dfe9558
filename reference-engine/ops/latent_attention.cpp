#include "reference-engine/ops/latent_attention.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "reference-engine/ops/attend_heads.hpp"
#include "reference-engine/ops/norm.hpp"
#include "reference-engine/ops/rope.hpp"

namespace assay {
namespace {

/// One layer of a pass.
struct LatentLayer {
  const Pass& pass;
  std::uint32_t index;
  const AttentionSpec& attention;
  const LayerWeights& weights;

  [[nodiscard]] const LatentSpec& spec() const { return attention.latent; }
  /// Values of a head's query before it meets the key matrix.
  [[nodiscard]] std::size_t d_query() const { return std::size_t{spec().key} + spec().rotated; }
};

/// buffers.mixed = norm(buffers.mixed), with codes where the matrix takes them.
Activations normalise_queries(const LatentLayer& layer) {
  const Pass& pass = layer.pass;
  const std::size_t width = layer.spec().query_rank;
  const bool codes = any_takes_q8({&layer.weights.q});
  for_pieces(
      pass, pass.tokens, row_grain(pass, pass.tokens), [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          const std::span<float> row(pass.buffers.mixed + t * width, width);
          rms_norm(pass.kernels, row, layer.weights.latent.query_norm, pass.spec.norm.epsilon, row);
          if (codes) pass.buffers.codes.quantise(pass.kernels, row.data(), width, t);
        }
      });
  return pass.buffers.codes.with(pass.buffers.mixed, width);
}

/// The queries of all heads into buffers.projected, the cached vectors into buffers.keys.
void project(const LatentLayer& layer) {
  const Pass& pass = layer.pass;
  const PassBuffers& buffers = pass.buffers;
  const LatentWeights& latent = layer.weights.latent;
  const bool two_steps = layer.spec().query_rank != 0;
  const PackedMatrix& first = two_steps ? latent.query_down : layer.weights.q;
  const Activations x = normalise(pass, buffers.residual, pass.tokens, layer.weights.attention_norm,
                                  {&first, &latent.down});
  const std::array products{
      Product{&first, 0, x, pass.tokens, two_steps ? buffers.mixed : buffers.projected, first.rows},
      Product{&latent.down, 0, x, pass.tokens, buffers.keys, layer.attention.head_dim}};
  multiply(pass.pool, products);
  if (!two_steps) return;
  const std::array queries{Product{&layer.weights.q, 0, normalise_queries(layer), pass.tokens,
                                   buffers.projected, layer.attention.d_q_rows()}};
  multiply(pass.pool, queries);
}

void rotate(const LatentLayer& layer, std::size_t token, float* values) {
  const std::uint32_t set = *layer.attention.rope;
  const RopeSpec& rope = layer.pass.spec.ropes[set];
  const RopeTable& table = layer.pass.buffers.ropes[set];
  const std::size_t angles = token * (rope.dims / 2);
  rotate_head(rope, table.cosines + angles, table.sines + angles, values);
}

/// The vectors of all tokens go into the cache; the rotated part of queries to its final place.
void finish_rotated(const LatentLayer& layer) {
  const Pass& pass = layer.pass;
  const std::size_t rank = layer.spec().rank;
  const std::size_t dim = layer.attention.head_dim;
  for_pieces(
      pass, pass.tokens, row_grain(pass, pass.tokens), [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          float* key = pass.buffers.keys + t * dim;
          const std::span<float> latent(key, rank);
          rms_norm(pass.kernels, latent, layer.weights.latent.norm, pass.spec.norm.epsilon, latent);
          rotate(layer, t, key + rank);
          pass.cache.store(pass.kernels, layer.index, 0,
                           static_cast<std::uint32_t>(pass.first_position + t), key, key);
          for (std::size_t h = 0; h < layer.attention.heads; ++h) {
            const std::size_t head = t * layer.attention.heads + h;
            float* query = pass.buffers.queries + head * dim + rank;
            std::copy_n(pass.buffers.projected + head * layer.d_query() + layer.spec().key,
                        layer.spec().rotated, query);
            rotate(layer, t, query);
          }
        }
      });
}

/// The first `width` values of each head's row, head after head, so that the tokens of one head are
/// the columns of a product; with codes where the matrices take them. Shape: from [tokens,
/// heads][stride].
Activations gather(const LatentLayer& layer, const float* from, std::size_t stride,
                   const std::vector<PackedMatrix>& heads) {
  const Pass& pass = layer.pass;
  const std::size_t width = heads.front().columns;
  const bool codes = any_takes_q8({&heads.front()});
  const std::size_t rows = heads.size() * pass.tokens;
  for_pieces(pass, rows, row_grain(pass, rows), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      float* row = pass.buffers.latents + i * width;
      std::copy_n(from + (i % pass.tokens * heads.size() + i / pass.tokens) * stride, width, row);
      if (codes) pass.buffers.codes.quantise(pass.kernels, row, width, i);
    }
  });
  return pass.buffers.codes.with(pass.buffers.latents, width);
}

/// Each head's matrix times its rows of x. Shape: out [tokens, heads][stride].
void multiply_heads(const LatentLayer& layer, const std::vector<PackedMatrix>& heads,
                    const Activations& x, float* out, std::size_t stride) {
  const std::size_t tokens = layer.pass.tokens;
  std::vector<Product> products;
  products.reserve(heads.size());
  for (std::size_t h = 0; h < heads.size(); ++h) {
    products.push_back(
        {&heads[h], 0, x.from(h * tokens), tokens, out + h * stride, heads.size() * stride});
  }
  multiply(layer.pass.pool, products);
}

/// sums = query times the rows of one head's key matrix, for each token. Shapes: query
/// [tokens][stride d_q_rows], sums [tokens, rank].
void add_key_rows(const LatentLayer& layer, std::span<const float> keys, const float* query,
                  float* sums) {
  // The kernel that mixes cached values reads columns of 16, which pays for more tokens than these.
  constexpr std::size_t k_few_tokens = 4;
  const Pass& pass = layer.pass;
  const std::size_t rank = layer.spec().rank;
  const std::size_t stride = layer.attention.d_q_rows();
  std::fill_n(sums, pass.tokens * rank, 0.0F);
  if (pass.tokens > k_few_tokens) {
    const CacheKernels& f32 = pass.kernels.cache[static_cast<std::size_t>(CacheFormat::f32)];
    const auto* rows = reinterpret_cast<const std::byte*>(keys.data());
    f32.mix(query, pass.tokens, stride, {rows, layer.spec().key, rank}, sums);
    return;
  }
  for (std::size_t i = 0; i < layer.spec().key; ++i) {
    for (std::size_t t = 0; t < pass.tokens; ++t) {
      pass.kernels.add_scaled(sums + t * rank, keys.data() + i * rank, query[t * stride + i], rank);
    }
  }
}

/// buffers.queries of one head, by the rows of its key matrix.
void absorb_by_rows(const LatentLayer& layer, std::size_t head) {
  const Pass& pass = layer.pass;
  const std::size_t rank = layer.spec().rank;
  const float* query = pass.buffers.projected + head * layer.d_query();
  float* sums = pass.buffers.latents + head * pass.tokens * rank;
  add_key_rows(layer, layer.weights.latent.key_rows[head], query, sums);
  for (std::size_t t = 0; t < pass.tokens; ++t) {
    std::copy_n(sums + t * rank, rank,
                pass.buffers.queries + t * layer.attention.d_q() + head * layer.attention.head_dim);
  }
}

/// buffers.queries = what the queries look for in the cached vectors.
void absorb_keys(const LatentLayer& layer) {
  const Pass& pass = layer.pass;
  const PassBuffers& buffers = pass.buffers;
  if (const auto& keys = layer.weights.latent.keys; !keys.empty()) {
    const Activations x = gather(layer, buffers.projected, layer.d_query(), keys);
    return multiply_heads(layer, keys, x, buffers.queries, layer.attention.head_dim);
  }
  for_pieces(pass, layer.attention.heads, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = begin; h < end; ++h) absorb_by_rows(layer, h);
  });
}

/// Some heads of some tokens at a time; queries become sums of cached vectors.
void attend_all(const LatentLayer& layer) {
  const Pass& pass = layer.pass;
  const AttentionSpec& attention = layer.attention;
  const std::size_t group = attention_group(attention);
  const std::size_t groups = (attention.heads + group - 1) / group;
  const std::size_t block_tokens = attention_block_tokens(static_cast<std::uint32_t>(group));
  const std::size_t blocks = (pass.tokens + block_tokens - 1) / block_tokens;
  attend_heads(pass, groups * blocks, [&](std::size_t i) {
    const std::size_t head = i % groups * group;
    const std::size_t first = i / groups * block_tokens;
    return HeadBlock{
        {.queries = pass.buffers.queries + first * attention.d_q() + head * attention.head_dim,
         .stride = attention.d_q(),
         .tokens = static_cast<std::uint32_t>(std::min(block_tokens, pass.tokens - first)),
         .group = static_cast<std::uint32_t>(std::min(group, attention.heads - head)),
         .dim = attention.head_dim,
         .first_position = static_cast<std::uint32_t>(pass.first_position + first),
         .window = attention.window,
         .scale = attention_scale(pass.spec.scale, attention),
         .cap = pass.spec.scale.attention_cap,
         .sinks = nullptr},
        pass.cache.head(layer.index, 0)};
  });
}

/// buffers.projected = the values of all heads, with codes where the output matrix takes them.
Activations head_outputs(const LatentLayer& layer) {
  const Pass& pass = layer.pass;
  const PassBuffers& buffers = pass.buffers;
  const std::vector<PackedMatrix>& values = layer.weights.latent.values;
  const Activations x = gather(layer, buffers.queries, layer.attention.head_dim, values);
  multiply_heads(layer, values, x, buffers.projected, layer.spec().value);
  const std::size_t width = layer.attention.d_output();
  if (any_takes_q8({&layer.weights.attention_output})) {
    for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t t = begin; t < end; ++t) {
                   buffers.codes.quantise(pass.kernels, buffers.projected + t * width, width, t);
                 }
               });
  }
  return buffers.codes.with(buffers.projected, width);
}

}  // namespace

void latent_attention_block(const Pass& pass, std::uint32_t index) {
  const LayerWeights& weights = pass.weights.layers[index];
  const LatentLayer layer{pass, index, pass.spec.layers[index].attention, weights};
  project(layer);
  finish_rotated(layer);
  absorb_keys(layer);
  attend_all(layer);
  const std::array output{Product{&weights.attention_output, 0, head_outputs(layer), pass.tokens,
                                  pass.buffers.normalised, pass.spec.d_model}};
  multiply(pass.pool, output);
  add_to_residual(pass, pass.buffers.normalised, weights.attention_output_bias,
                  weights.attention_post_norm);
}

}  // namespace assay
