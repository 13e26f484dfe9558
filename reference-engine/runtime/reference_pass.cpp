#include "reference-engine/runtime/reference_pass.hpp"
#include "reference-engine/runtime/reference_latent.hpp"
#include "reference-engine/runtime/reference_layer_inputs.hpp"
#include "reference-engine/runtime/reference_recurrence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "reference-engine/ops/attention.hpp"
#include "reference-engine/ops/moe_router.hpp"
#include "reference-engine/quant/definition.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

/// Sums in eight independent chains, which compilers keep in vector registers.
double dot(const float* row, const double* x, std::size_t n) {
  constexpr std::size_t k_chains = 8;
  std::array<double, k_chains> sums{};
  std::size_t i = 0;
  for (; i + k_chains <= n; i += k_chains) {
    for (std::size_t c = 0; c < k_chains; ++c)
      sums[c] += static_cast<double>(row[i + c]) * x[i + c];
  }
  for (; i < n; ++i) sums[0] += static_cast<double>(row[i]) * x[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

Vector multiply(ThreadPool& pool, const PackedMatrix& matrix, std::size_t expert, const Vector& x) {
  Vector out(matrix.rows);
  constexpr std::size_t k_rows = 64;  // a piece of some 100,000 multiplications
  pool.for_each(matrix.rows, k_rows, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> row(matrix.columns);
    for (std::size_t r = begin; r < end; ++r) {
      matrix.decode_row(expert, r, row.data());
      out[r] = dot(row.data(), x.data(), matrix.columns);
    }
  });
  return out;
}

void add(Vector& to, std::span<const float> bias) {
  for (std::size_t i = 0; i < bias.size(); ++i) to[i] += static_cast<double>(bias[i]);
}

/// Without weights they are 1.
void rms_norm(std::span<double> x, std::span<const float> weight, double epsilon) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] *= scale * (weight.empty() ? 1.0 : static_cast<double>(weight[i]));
  }
}

void layer_norm(std::span<double> x, std::span<const float> weight, double epsilon) {
  const auto width = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / width;
  double squares = 0.0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  const double scale = 1.0 / std::sqrt(squares / width + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = (x[i] - mean) * scale * static_cast<double>(weight[i]);
  }
}

/// As it is where the norm has no weights.
Vector normalised(Vector x, const NormWeights& weights, const NormSpec& norm) {
  if (weights.weight.empty()) return x;
  const auto epsilon = static_cast<double>(norm.epsilon);
  if (norm.kind == NormKind::rms) {
    rms_norm(x, weights.weight, epsilon);
  } else {
    layer_norm(x, weights.weight, epsilon);
  }
  add(x, weights.bias);
  return x;
}

/// residual += scale * norm(out + bias)
void add_block(const ModelSpec& spec, Vector out, std::span<const float> bias,
               const NormWeights& post_norm, Vector& residual) {
  add(out, bias);
  out = normalised(std::move(out), post_norm, spec.norm);
  const auto scale = static_cast<double>(spec.scale.residual);
  for (std::size_t i = 0; i < residual.size(); ++i) residual[i] += scale * out[i];
}

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
  if (spec.qk_norm == QkNorm::full) rms_norm(heads, norm, epsilon);
  for (std::size_t first = 0; first < heads.size(); first += attention.head_dim) {
    const std::span<double> head(heads.data() + first, attention.head_dim);
    if (spec.qk_norm == QkNorm::per_head) rms_norm(head, norm, epsilon);
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

/// Softmax in place; a sink is one more score, whose weight is dropped.
void softmax(Vector& scores, std::optional<double> sink) {
  double maximum = *std::max_element(scores.begin(), scores.end());
  if (sink) maximum = std::max(maximum, *sink);
  for (double& score : scores) score = std::exp(score - maximum);
  double total = std::accumulate(scores.begin(), scores.end(), 0.0);
  if (sink) total += std::exp(*sink - maximum);
  for (double& score : scores) score /= total;
}

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

/// Keys and values of one token in one layer.
struct KeysAndValues {
  Vector k;
  Vector v;
};

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
  const double* own_key = token.own.k.data() + kv_head * dim;
  const double* own_value = token.own.v.data() + kv_head * dim;
  const std::size_t block = block_shape(cache_weight_format(cached.format))->values;
  std::vector<float> row((dim + block - 1) / block * block);
  std::vector<Vector> weights(group, Vector(positions + 1));
  for (std::size_t p = 0; p < positions; ++p) {
    read_cache(cached, cached.keys, hidden + p, row);
    for (std::size_t g = 0; g < group; ++g) {
      const double* query = token.q.data() + (kv_head * group + g) * dim;
      weights[g][p] = capped(dot(row.data(), query, dim) * scale, cap);
    }
  }
  for (std::size_t g = 0; g < group; ++g) {
    const std::size_t head = kv_head * group + g;
    const double* query = token.q.data() + head * dim;
    const double own = std::inner_product(query, query + dim, own_key, 0.0);
    weights[g][positions] = capped(own * scale, cap);
    softmax(weights[g],
            sinks.empty() ? std::nullopt : std::optional(static_cast<double>(sinks[head])));
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

void latent_attention_block(const Session::State& state, std::uint32_t layer, Vector& residual) {
  const LayerWeights& weights = state.weights->layers[layer];
  const auto times = [&](const PackedMatrix& matrix, const Vector& x) {
    return multiply(*state.pool, matrix, 0, x);
  };
  const auto turn = [&](std::span<double> values) {
    rotate(state, *state.spec->layers[layer].attention.rope, values);
  };
  const Vector x = normalised(residual, weights.attention_norm, state.spec->norm);
  LatentHeads heads = reference_latent_heads(state, layer, x, times, turn);
  const KeysAndValues own{heads.key, heads.key};
  const Vector sums = attend_all(state, {layer, std::move(heads.queries), own});
  add_block(*state.spec,
            times(weights.attention_output, reference_latent_values(state, layer, sums, times)),
            weights.attention_output_bias, weights.attention_post_norm, residual);
}

/// Of a layer that has its own.
KeysAndValues keys_and_values(const Session::State& state, std::uint32_t layer, const Vector& x) {
  const ModelSpec& spec = *state.spec;
  const AttentionSpec& attention = spec.layers[layer].attention;
  const LayerWeights& weights = state.weights->layers[layer];
  KeysAndValues own{multiply(*state.pool, weights.k, 0, x), {}};
  add(own.k, weights.k_bias);
  own.v = attention.values_are_keys ? own.k : multiply(*state.pool, weights.v, 0, x);
  add(own.v, weights.v_bias);
  for (std::size_t h = 0; spec.value_norm && h < attention.kv_heads; ++h) {
    rms_norm({own.v.data() + h * attention.head_dim, attention.head_dim}, {},
             static_cast<double>(spec.norm.epsilon));
  }
  finish(state, attention, weights.k_norm, own.k);
  return own;
}

/// `kept` are the token's keys and values in the layers so far.
void attention_block(const Session::State& state, std::uint32_t layer,
                     std::vector<KeysAndValues>& kept, Vector& residual) {
  if (state.spec->layers[layer].attention.is_latent()) {
    return latent_attention_block(state, layer, residual);
  }
  const ModelSpec& spec = *state.spec;
  const AttentionSpec& attention = spec.layers[layer].attention;
  const LayerWeights& weights = state.weights->layers[layer];
  const Vector x = normalised(residual, weights.attention_norm, spec.norm);
  if (!attention.cache_of) kept[layer] = keys_and_values(state, layer, x);
  TokenHeads token{layer, multiply(*state.pool, weights.q, 0, x),
                   kept[attention.cache_of.value_or(layer)]};
  add(token.q, weights.q_bias);
  const Vector gate = take_gate(attention, token.q);
  finish(state, attention, weights.q_norm, token.q);
  if (spec.scale.temperature != 0.0F) {
    const auto factor = static_cast<double>(temperature_factor(spec.scale, state.depth));
    for (double& value : token.q) value *= factor;
  }
  Vector heads = attend_all(state, token);
  for (std::size_t i = 0; i < gate.size(); ++i) heads[i] *= gate[i];
  add_block(spec, multiply(*state.pool, weights.attention_output, 0, heads),
            weights.attention_output_bias, weights.attention_post_norm, residual);
}

struct WeightedExpert {
  std::size_t expert;
  double weight;
};

/// What a router makes of its logits, and what it chooses by.
struct RouterValues {
  Vector weights;
  Vector ranks;
};

RouterValues router_values(const MoeSpec& moe, std::span<const float> selection_bias,
                           const Vector& logits) {
  RouterValues values{logits, {}};
  if (moe.router == RouterKind::sigmoid) {
    for (double& value : values.weights) value = 1.0 / (1.0 + std::exp(-value));
  } else {
    softmax(values.weights, std::nullopt);
  }
  values.ranks = selection_bias.empty() && moe.groups == 1 ? logits : values.weights;
  add(values.ranks, selection_bias);
  return values;
}

/// The session's choice is followed when each of its experts is within this many standard
/// deviations of the values that the router chooses by of the last one that float64 would take.
/// Int8 activations move a logit by up to 0.1 of them in deep models (the root of reference_bound's
/// mean), two logits decide, and the tail of a normal distribution is left room for.
constexpr double k_open_choice = 0.5;

double deviation(const Vector& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double variance = 0.0;
  for (const double value : values) variance += (value - mean) * (value - mean);
  return std::sqrt(variance / count);
}

/// Indices by falling value, the lowest of equals first.
std::vector<std::size_t> falling(const Vector& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  return order;
}

/// Ranks with the experts of groups that are not used below all others. The groups of the session's
/// experts are used when float64 leaves them open: a score is a sum of two ranks, each as far off
/// as one alone.
Vector in_used_groups(const MoeSpec& moe, Vector ranks, double open,
                      std::span<const std::uint32_t> session) {
  if (moe.groups <= 1) return ranks;
  const Vector scores = group_scores(moe, ranks);
  const std::size_t size = ranks.size() / moe.groups;
  std::vector<std::size_t> order = falling(scores);
  const double last = scores[order[moe.groups_used - 1]] - 2.0 * open;
  if (std::all_of(session.begin(), session.end(),
                  [&](std::uint32_t expert) { return scores[expert / size] >= last; })) {
    std::stable_partition(order.begin(), order.end(), [&](std::size_t group) {
      return std::any_of(session.begin(), session.end(),
                         [&](std::uint32_t expert) { return expert / size == group; });
    });
  }
  for (std::size_t i = moe.groups_used; i < moe.groups; ++i) {
    std::fill_n(ranks.begin() + static_cast<std::ptrdiff_t>(order[i] * size), size,
                -std::numeric_limits<double>::infinity());
  }
  return ranks;
}

std::vector<std::size_t> choose(const MoeSpec& moe, const Vector& all_ranks,
                                std::span<const std::uint32_t> session) {
  const double open = k_open_choice * deviation(all_ranks);
  const Vector ranks = in_used_groups(moe, all_ranks, open, session);
  std::vector<std::size_t> order = falling(ranks);
  const double last = ranks[order[moe.used - 1]];
  order.resize(moe.used);
  if (std::all_of(session.begin(), session.end(),
                  [&](std::uint32_t expert) { return ranks[expert] >= last - open; })) {
    order.assign(session.begin(), session.end());
  }
  return order;
}

std::vector<WeightedExpert> weigh(const MoeSpec& moe, const RouterValues& values,
                                  std::span<const std::uint32_t> session) {
  std::vector<WeightedExpert> chosen;
  double used = 0.0;
  for (const std::size_t expert : choose(moe, values.ranks, session)) {
    chosen.push_back({expert, values.weights[expert]});
    used += chosen.back().weight;
  }
  const double scale = static_cast<double>(moe.weight_scale) / (moe.normalise_weights ? used : 1.0);
  for (WeightedExpert& one : chosen) one.weight *= scale;
  return chosen;
}

double activation(Activation kind, double gate, double up) {
  switch (kind) {
    case Activation::silu:
      return gate / (1.0 + std::exp(-gate)) * up;
    case Activation::gelu_tanh: {
      const double inner =
          std::sqrt(2.0 / std::numbers::pi) * (gate + 0.044715 * gate * gate * gate);
      return 0.5 * gate * (1.0 + std::tanh(inner)) * up;
    }
    case Activation::clamped_swiglu: {
      const double limited = std::min(gate, 7.0);
      return limited / (1.0 + std::exp(-1.702 * limited)) * (std::clamp(up, -7.0, 7.0) + 1.0);
    }
  }
  return 0.0;
}

/// One gated hidden layer, or one expert of a stack of them.
struct HiddenLayer {
  const PackedMatrix& gate;
  const PackedMatrix& up;
  const PackedMatrix& down;
  std::span<const float> gate_bias;
  std::span<const float> up_bias;
  std::span<const float> down_bias;
};

/// The part of a bias that belongs to one expert; empty where there is none.
std::span<const float> of_expert(std::span<const float> bias, std::size_t expert,
                                 std::size_t width) {
  return bias.empty() ? bias : bias.subspan(expert * width, width);
}

Vector run(const Session::State& state, const HiddenLayer& layer, std::size_t expert,
           const Vector& x) {
  Vector hidden = multiply(*state.pool, layer.gate, expert, x);
  Vector up = multiply(*state.pool, layer.up, expert, x);
  add(hidden, of_expert(layer.gate_bias, expert, hidden.size()));
  add(up, of_expert(layer.up_bias, expert, up.size()));
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    hidden[i] = activation(state.spec->activation, hidden[i], up[i]);
  }
  Vector out = multiply(*state.pool, layer.down, expert, hidden);
  add(out, of_expert(layer.down_bias, expert, out.size()));
  return out;
}

/// What is shared, and its gate.
void add_shared(const Session::State& state, const LayerWeights& weights, const Vector& x,
                Vector& sum) {
  double gate = 1.0;
  if (!weights.shared_router.empty()) {
    gate = 1.0 / (1.0 + std::exp(-dot(weights.shared_router.data(), x.data(), x.size())));
  }
  const Vector out =
      run(state, {weights.shared_gate, weights.shared_up, weights.shared_down, {}, {}, {}}, 0, x);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gate * out[i];
}

/// What the router sees, and what it makes of it. `routing` is what the session chose.
std::vector<WeightedExpert> choose_and_weigh(const Session::State& state,
                                             const LayerWeights& weights, const Vector& x,
                                             std::span<const std::uint32_t> routing) {
  const MoeSpec& moe = state.spec->moe;
  Vector logits = multiply(*state.pool, weights.router, 0, x);
  const double scale = moe.apart ? 1.0 / std::sqrt(static_cast<double>(x.size())) : 1.0;
  for (double& logit : logits) logit *= scale;
  add(logits, weights.router_bias);
  auto experts = weigh(moe, router_values(moe, weights.selection_bias, logits), routing);
  for (WeightedExpert& one : experts) {
    if (moe.expert_scale) one.weight *= static_cast<double>(weights.expert_scale[one.expert]);
  }
  return experts;
}

/// The weighted sum of what experts give; a dense layer is one of them.
Vector run_all(const Session::State& state, const LayerWeights& weights,
               std::span<const WeightedExpert> experts, const Vector& x) {
  const HiddenLayer hidden{weights.gate,      weights.up,      weights.down,
                           weights.gate_bias, weights.up_bias, weights.down_bias};
  Vector sum(x.size());
  for (const WeightedExpert& one : experts) {
    const Vector out = run(state, hidden, one.expert, x);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one.weight * out[i];
  }
  return sum;
}

/// A mixture beside a dense hidden layer, each with norms of its own.
void apart_block(const Session::State& state, std::uint32_t layer,
                 std::span<const std::uint32_t> routing, Vector& residual) {
  const NormSpec& norm = state.spec->norm;
  const LayerWeights& weights = state.weights->layers[layer];
  const auto experts =
      choose_and_weigh(state, weights, normalised(residual, weights.router_norm, norm), routing);
  Vector mixed = run_all(state, weights, experts, normalised(residual, weights.moe_norm, norm));
  Vector dense =
      run(state, {weights.shared_gate, weights.shared_up, weights.shared_down, {}, {}, {}}, 0,
          normalised(residual, weights.ffn_norm, norm));
  mixed = normalised(std::move(mixed), weights.moe_post_norm, norm);
  dense = normalised(std::move(dense), weights.shared_post_norm, norm);
  for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] += dense[i];
  add_block(*state.spec, std::move(mixed), {}, weights.ffn_post_norm, residual);
}

/// `routing` is what the session chose in this layer.
void ffn_block(const Session::State& state, std::uint32_t layer,
               std::span<const std::uint32_t> routing, Vector& residual) {
  const ModelSpec& spec = *state.spec;
  const LayerWeights& weights = state.weights->layers[layer];
  const Vector x = normalised(residual, weights.ffn_norm, spec.norm);
  std::vector<WeightedExpert> experts{{0, 1.0}};
  const bool mixture = spec.layers[layer].ffn == Ffn::mixture;
  if (mixture && spec.moe.apart) return apart_block(state, layer, routing, residual);
  if (mixture) experts = choose_and_weigh(state, weights, x, routing);
  Vector sum = run_all(state, weights, experts, x);
  if (mixture && spec.moe.d_shared > 0) add_shared(state, weights, x, sum);
  add_block(spec, std::move(sum), {}, weights.ffn_post_norm, residual);
}

void recurrent_block(const Session::State& state, std::uint32_t layer, Vector& residual) {
  const LayerWeights& weights = state.weights->layers[layer];
  const auto times = [&](const PackedMatrix& matrix, const Vector& x) {
    return multiply(*state.pool, matrix, 0, x);
  };
  const Vector x = normalised(residual, weights.attention_norm, state.spec->norm);
  add_block(*state.spec, reference_mixer(state, layer, x, times), {}, weights.attention_post_norm,
            residual);
}

void mixer_block(const Session::State& state, std::uint32_t layer, std::vector<KeysAndValues>& kept,
                 Vector& residual) {
  switch (state.spec->layers[layer].mixer) {
    case Mixer::attention:
      return attention_block(state, layer, kept, residual);
    case Mixer::gated_delta_net:
    case Mixer::short_convolution:
    case Mixer::state_space:
      return recurrent_block(state, layer, residual);
  }
}

/// What the layer is given of the token.
void layer_input_block(const Session::State& state, std::uint32_t layer, const Vector& inputs,
                       Vector& residual) {
  const LayerWeights& weights = state.weights->layers[layer];
  const std::size_t width = state.spec->d_layer_input;
  Vector gate = multiply(*state.pool, weights.input_gate, 0, residual);
  for (std::size_t i = 0; i < width; ++i) {
    gate[i] = activation(state.spec->activation, gate[i], inputs[layer * width + i]);
  }
  add_block(*state.spec, multiply(*state.pool, weights.input_out, 0, gate), {},
            weights.input_post_norm, residual);
}

/// The norm, the head, and what is done to the logits.
Vector logits_of(const Session::State& state, Vector residual) {
  const ModelSpec& spec = *state.spec;
  const ScaleSpec& scale = spec.scale;
  Vector logits = multiply(*state.pool, state.weights->head, 0,
                           normalised(std::move(residual), state.weights->output_norm, spec.norm));
  add(logits, state.weights->head_bias);
  for (double& logit : logits) {
    logit = capped(logit / static_cast<double>(scale.logits), static_cast<double>(scale.logit_cap));
  }
  return logits;
}

}  // namespace

std::vector<double> reference_logits(const Session::State& state, std::uint32_t token,
                                     std::span<const std::uint32_t> routing) {
  const ModelSpec& spec = *state.spec;
  std::vector<float> row(spec.d_model);
  state.weights->embedding.decode_row(0, token, row.data());
  Vector residual(row.begin(), row.end());
  for (double& value : residual) value *= static_cast<double>(spec.scale.embedding);
  const ReferenceProduct times = [&](const PackedMatrix& matrix, const Vector& x) {
    return multiply(*state.pool, matrix, 0, x);
  };
  const Vector inputs = reference_layer_inputs(state, token, residual, times);
  std::vector<KeysAndValues> kept(spec.layers.size());
  for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer) {
    mixer_block(state, layer, kept, residual);
    const bool mixture = spec.layers[layer].ffn == Ffn::mixture;
    const std::size_t chosen = mixture ? spec.moe.used : 0;
    ffn_block(state, layer, routing.first(chosen), residual);
    routing = routing.subspan(chosen);
    if (spec.d_layer_input > 0) layer_input_block(state, layer, inputs, residual);
    if (spec.layer_scale) {
      for (double& value : residual) {
        value *= static_cast<double>(state.weights->layers[layer].scale.front());
      }
    }
  }
  return logits_of(state, std::move(residual));
}

}  // namespace assay
