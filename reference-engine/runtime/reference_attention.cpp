#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "reference-engine/ops/attention.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/runtime/reference_block.hpp"
#include "reference-engine/runtime/reference_latent.hpp"
#include "reference-engine/runtime/reference_multiply.hpp"
#include "reference-engine/runtime/reference_pass.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

void rotate(const Session::State& state, std::uint32_t set, std::span<double> head) {
  const RopeSpec& rope = state.spec->ropes[set];
  const RopeFrequencies& frequencies = state.ropes[set];
  const std::size_t half = rope.dims / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = state.depth * frequencies.frequencies[i];
    const double c = std::cos(angle) * frequencies.magnitude;
    const double s = std::sin(angle) * frequencies.magnitude;
    const bool adjacent = rope.pairs == RopePairs::adjacent;
    double& first = head[adjacent ? 2 * i : i];
    double& second = head[adjacent ? 2 * i + 1 : i + half];
    const double a = first;
    first = a * c - second * s;
    second = a * s + second * c;
  }
}

/// Normalisation and rotation of the queries or keys of one token.
void finish(const Session::State& state, const AttentionSpec& attention,
            std::span<const float> norm, Vector& heads) {
  const ModelSpec& spec = *state.spec;
  const auto epsilon = static_cast<double>(spec.norm.epsilon);
  if (spec.qk_norm == QkNorm::full) reference_rms_norm(heads, norm, epsilon);
  for (std::size_t first = 0; first < heads.size(); first += attention.head_dim) {
    const std::span<double> head(heads.data() + first, attention.head_dim);
    if (spec.qk_norm == QkNorm::per_head) reference_rms_norm(head, norm, epsilon);
    if (attention.rope) rotate(state, *attention.rope, head);
  }
}

/// One position of a cached head, by the definition of its format. Shape: out [dim, rounded up to
/// whole blocks].
void read_cache(const CacheHead& head, const std::byte* rows, std::size_t position,
                std::vector<float>& out) {
  format_definition(cache_weight_format(head.format))
      ->decode(rows + position * head.row_bytes, out.size(), out.data());
}

/// A score as the softmax takes it.
double capped(double score, double cap) { return cap > 0.0 ? cap * std::tanh(score / cap) : score; }

/// Parts what the query matrix gives with an output gate: each head's query is followed by its
/// gate. What is returned is the factor of each value that the heads give; empty without a gate.
Vector take_gate(const AttentionSpec& attention, Vector& queries) {
  if (!attention.output_gate) return {};
  const std::size_t dim = attention.head_dim;
  Vector factors(attention.d_q());
  for (std::size_t h = 0; h < attention.heads; ++h) {
    for (std::size_t i = 0; i < dim; ++i) {
      factors[h * dim + i] = 1.0 / (1.0 + std::exp(-queries[(2 * h + 1) * dim + i]));
      queries[h * dim + i] = queries[2 * h * dim + i];
    }
  }
  queries.resize(attention.d_q());
  return factors;
}

/// Queries of one token in one layer, and what they look at.
struct TokenHeads {
  std::uint32_t layer;
  Vector q;
  const KeysAndValues& own;
};

/// The query heads that share one K/V head, over the cached positions that they see and the token's
/// own.
void attend(const Session::State& state, const TokenHeads& token, std::uint32_t kv_head,
            Vector& out) {
  const ModelSpec& spec = *state.spec;
  const AttentionSpec& attention = spec.layers[token.layer].attention;
  const std::size_t dim = attention.head_dim;
  const std::size_t group = attention.heads / attention.kv_heads;
  const std::size_t hidden = attention.window == 0 || state.depth < attention.window
                                 ? 0
                                 : state.depth + 1 - attention.window;
  const std::size_t positions = state.depth - hidden;
  const CacheHead cached = state.cache.head(token.layer, kv_head);
  const auto scale = static_cast<double>(attention_scale(spec.scale, attention));
  const auto cap = static_cast<double>(spec.scale.attention_cap);
  const std::span<const float> sinks = state.weights->layers[token.layer].sinks;
  const double* own_key = token.own.keys.data() + kv_head * dim;
  const double* own_value = token.own.values.data() + kv_head * dim;
  const std::size_t block = block_shape(cache_weight_format(cached.format))->values;
  std::vector<float> row((dim + block - 1) / block * block);
  std::vector<Vector> weights(group, Vector(positions + 1));
  for (std::size_t p = 0; p < positions; ++p) {
    read_cache(cached, cached.keys, hidden + p, row);
    for (std::size_t g = 0; g < group; ++g) {
      const double* query = token.q.data() + (kv_head * group + g) * dim;
      weights[g][p] = capped(reference_dot(row.data(), query, dim) * scale, cap);
    }
  }
  for (std::size_t g = 0; g < group; ++g) {
    const std::size_t head = kv_head * group + g;
    const double* query = token.q.data() + head * dim;
    const double own = std::inner_product(query, query + dim, own_key, 0.0);
    weights[g][positions] = capped(own * scale, cap);
    reference_softmax(
        weights[g], sinks.empty() ? std::nullopt : std::optional(static_cast<double>(sinks[head])));
    for (std::size_t i = 0; i < dim; ++i) {
      out[head * dim + i] = weights[g][positions] * own_value[i];
    }
  }
  for (std::size_t p = 0; p < positions; ++p) {
    read_cache(cached, cached.values, hidden + p, row);
    for (std::size_t g = 0; g < group; ++g) {
      double* head = out.data() + (kv_head * group + g) * dim;
      for (std::size_t i = 0; i < dim; ++i) head[i] += weights[g][p] * static_cast<double>(row[i]);
    }
  }
}

/// Every head of one token over all positions that it sees.
Vector attend_all(const Session::State& state, const TokenHeads& token) {
  Vector heads(token.q.size());
  const std::uint32_t kv_heads = state.spec->layers[token.layer].attention.kv_heads;
  state.pool->for_each(kv_heads, 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t h = begin; h < end; ++h) {
      attend(state, token, static_cast<std::uint32_t>(h), heads);
    }
  });
  return heads;
}

/// Compares a token's keys or values with the rows that the session has stored for it, and takes
/// those in their place: what follows saw them.
StepError take_stored(const Session::State& state, std::uint32_t layer, bool keys, Vector& heads) {
  StepError found;
  const std::size_t dim = state.spec->layers[layer].attention.head_dim;
  for (std::size_t first = 0; first < heads.size(); first += dim) {
    const CacheHead cached = state.cache.head(layer, static_cast<std::uint32_t>(first / dim));
    const std::size_t block = block_shape(cache_weight_format(cached.format))->values;
    std::vector<float> row((dim + block - 1) / block * block);
    read_cache(cached, keys ? cached.keys : cached.values, state.depth, row);
    for (std::size_t i = 0; i < dim; ++i) {
      found.add(static_cast<double>(row[i]), heads[first + i]);
      heads[first + i] = static_cast<double>(row[i]);
    }
  }
  return found;
}

void latent_attention_block(const Session::State& state, std::uint32_t layer, Vector& residual,
                            StoredErrors* stored) {
  const LayerWeights& weights = state.weights->layers[layer];
  const auto times = [&](const PackedMatrix& matrix, const Vector& x) {
    return reference_multiply(state, matrix, 0, x);
  };
  const auto turn = [&](std::span<double> values) {
    rotate(state, *state.spec->layers[layer].attention.rope, values);
  };
  const Vector x = reference_block_input(state, residual, weights.attention_norm);
  LatentHeads heads = reference_latent_heads(state, layer, x, times, turn);
  // The cached row is key and value at once.
  if (stored != nullptr) stored->keys = take_stored(state, layer, true, heads.key);
  const KeysAndValues own{heads.key, heads.key};
  const Vector sums = attend_all(state, {layer, std::move(heads.queries), own});
  reference_add_block(
      *state.spec,
      times(weights.attention_output, reference_latent_values(state, layer, sums, times)),
      weights.attention_output_bias, weights.attention_post_norm, residual);
}

/// Of a layer that has its own.
KeysAndValues keys_and_values(const Session::State& state, std::uint32_t layer, const Vector& x) {
  const ModelSpec& spec = *state.spec;
  const AttentionSpec& attention = spec.layers[layer].attention;
  const LayerWeights& weights = state.weights->layers[layer];
  KeysAndValues own{reference_multiply(state, weights.k, 0, x), {}};
  reference_add(own.keys, weights.k_bias);
  own.values = attention.values_are_keys ? own.keys : reference_multiply(state, weights.v, 0, x);
  reference_add(own.values, weights.v_bias);
  for (std::size_t h = 0; spec.value_norm && h < attention.kv_heads; ++h) {
    reference_rms_norm({own.values.data() + h * attention.head_dim, attention.head_dim}, {},
                       static_cast<double>(spec.norm.epsilon));
  }
  finish(state, attention, weights.k_norm, own.keys);
  return own;
}

}  // namespace

void reference_attention_block(const Session::State& state, std::uint32_t layer,
                               std::vector<KeysAndValues>& kept, Vector& residual,
                               StoredErrors* stored) {
  const ModelSpec& spec = *state.spec;
  const AttentionSpec& attention = spec.layers[layer].attention;
  if (attention.is_latent()) return latent_attention_block(state, layer, residual, stored);
  const LayerWeights& weights = state.weights->layers[layer];
  const Vector x = reference_block_input(state, residual, weights.attention_norm);
  if (!attention.cache_of) {
    KeysAndValues& own = kept[layer];
    own = keys_and_values(state, layer, x);
    if (stored != nullptr) {
      stored->keys = take_stored(state, layer, true, own.keys);
      stored->values = take_stored(state, layer, false, own.values);
    }
  }
  TokenHeads token{layer, reference_multiply(state, weights.q, 0, x),
                   kept[attention.cache_of.value_or(layer)]};
  reference_add(token.q, weights.q_bias);
  const Vector gate = take_gate(attention, token.q);
  finish(state, attention, weights.q_norm, token.q);
  if (spec.scale.temperature != 0.0F) {
    const auto factor = static_cast<double>(temperature_factor(spec.scale, state.depth));
    for (double& value : token.q) value *= factor;
  }
  Vector heads = attend_all(state, token);
  for (std::size_t i = 0; i < gate.size(); ++i) heads[i] *= gate[i];
  reference_add_block(spec, reference_multiply(state, weights.attention_output, 0, heads),
                      weights.attention_output_bias, weights.attention_post_norm, residual);
}

}  // namespace assay
