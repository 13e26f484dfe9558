#include "reference-engine/runtime/reference_pass.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

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

void rms_norm(std::span<double> x, std::span<const float> weight, double epsilon) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= scale * static_cast<double>(weight[i]);
}

Vector normalised(Vector x, std::span<const float> weight, double epsilon) {
  rms_norm(x, weight, epsilon);
  return x;
}

void rotate(const Session::State& state, std::span<double> head) {
  const RopeSpec& rope = state.spec->rope;
  const std::size_t half = rope.dims / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = state.depth * state.rope.frequencies[i];
    const double c = std::cos(angle) * state.rope.magnitude;
    const double s = std::sin(angle) * state.rope.magnitude;
    const bool adjacent = rope.pairs == RopePairs::adjacent;
    double& first = head[adjacent ? 2 * i : i];
    double& second = head[adjacent ? 2 * i + 1 : i + half];
    const double a = first;
    first = a * c - second * s;
    second = a * s + second * c;
  }
}

/// Bias, normalisation and rotation of the queries or keys of one token.
void finish(const Session::State& state, std::span<const float> bias, std::span<const float> norm,
            Vector& heads) {
  const ModelSpec& spec = *state.spec;
  const auto epsilon = static_cast<double>(spec.norm_epsilon);
  add(heads, bias);
  if (spec.qk_norm == QkNorm::full) rms_norm(heads, norm, epsilon);
  for (std::size_t first = 0; first < heads.size(); first += spec.head_dim) {
    const std::span<double> head(heads.data() + first, spec.head_dim);
    if (spec.qk_norm == QkNorm::per_head) rms_norm(head, norm, epsilon);
    rotate(state, head);
  }
}

/// One position of a cached head. Shape: out [dim].
void read_cache(const Session::State& state, const std::byte* head, std::size_t position,
                std::span<float> out) {
  const std::size_t first = position * out.size();
  if (state.cache.format() == CacheFormat::f16) {
    state.kernels->f16_to_f32(reinterpret_cast<const std::uint16_t*>(head) + first, out.data(),
                              out.size());
  } else {
    std::copy_n(reinterpret_cast<const float*>(head) + first, out.size(), out.data());
  }
}

/// The query heads that share one K/V head, over the cached positions and the token's own.
void attend(const Session::State& state, std::uint32_t layer, std::uint32_t kv_head,
            const Vector& q, const Vector& k, const Vector& v, Vector& out) {
  const ModelSpec& spec = *state.spec;
  const std::size_t dim = spec.head_dim;
  const std::size_t group = spec.heads / spec.kv_heads;
  const std::size_t positions = state.depth;
  const CacheHead cached = state.cache.head(layer, kv_head);
  const double scale = 1.0 / std::sqrt(static_cast<double>(dim));
  const double* own_key = k.data() + kv_head * dim;
  const double* own_value = v.data() + kv_head * dim;
  std::vector<float> row(dim);
  std::vector<Vector> weights(group, Vector(positions + 1));
  for (std::size_t p = 0; p < positions; ++p) {
    read_cache(state, cached.keys, p, row);
    for (std::size_t g = 0; g < group; ++g) {
      weights[g][p] = dot(row.data(), q.data() + (kv_head * group + g) * dim, dim) * scale;
    }
  }
  for (std::size_t g = 0; g < group; ++g) {
    const double* query = q.data() + (kv_head * group + g) * dim;
    Vector& weight = weights[g];
    weight[positions] = std::inner_product(query, query + dim, own_key, 0.0) * scale;
    const double maximum = *std::max_element(weight.begin(), weight.end());
    for (double& w : weight) w = std::exp(w - maximum);
    const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
    for (double& w : weight) w /= total;
    for (std::size_t i = 0; i < dim; ++i) {
      out[(kv_head * group + g) * dim + i] = weight[positions] * own_value[i];
    }
  }
  for (std::size_t p = 0; p < positions; ++p) {
    read_cache(state, cached.values, p, row);
    for (std::size_t g = 0; g < group; ++g) {
      double* head = out.data() + (kv_head * group + g) * dim;
      for (std::size_t i = 0; i < dim; ++i) head[i] += weights[g][p] * static_cast<double>(row[i]);
    }
  }
}

void attention_block(const Session::State& state, std::uint32_t layer, Vector& residual) {
  const ModelSpec& spec = *state.spec;
  const LayerWeights& weights = state.weights->layers[layer];
  const Vector x =
      normalised(residual, weights.attention_norm, static_cast<double>(spec.norm_epsilon));
  Vector q = multiply(*state.pool, weights.q, 0, x);
  Vector k = multiply(*state.pool, weights.k, 0, x);
  Vector v = multiply(*state.pool, weights.v, 0, x);
  finish(state, weights.q_bias, weights.q_norm, q);
  finish(state, weights.k_bias, weights.k_norm, k);
  add(v, weights.v_bias);
  Vector heads(q.size());
  state.pool->for_each(spec.kv_heads, 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t h = begin; h < end; ++h) {
      attend(state, layer, static_cast<std::uint32_t>(h), q, k, v, heads);
    }
  });
  const Vector out = multiply(*state.pool, weights.attention_output, 0, heads);
  for (std::size_t i = 0; i < residual.size(); ++i) residual[i] += out[i];
}

struct WeightedExpert {
  std::size_t expert;
  double weight;
};

/// The session's choice is followed when each of its experts is within this many standard
/// deviations of the router's logits of the last one that float64 would take. Int8 activations move
/// a logit by up to 0.1 of them in deep models (the root of reference_bound's mean), two logits
/// decide, and the tail of a normal distribution is left room for.
constexpr double k_open_choice = 0.5;

std::vector<WeightedExpert> choose(const MoeSpec& moe, const Vector& logits,
                                   std::span<const std::uint32_t> session) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  const double last = logits[order[moe.used - 1]];
  const double mean =
      std::accumulate(logits.begin(), logits.end(), 0.0) / static_cast<double>(logits.size());
  double variance = 0.0;
  for (const double logit : logits) variance += (logit - mean) * (logit - mean);
  const double open = k_open_choice * std::sqrt(variance / static_cast<double>(logits.size()));
  order.resize(moe.used);
  if (std::all_of(session.begin(), session.end(),
                  [&](std::uint32_t expert) { return logits[expert] >= last - open; })) {
    order.assign(session.begin(), session.end());
  }
  const double maximum = *std::max_element(logits.begin(), logits.end());
  double total = 0.0;
  for (const double logit : logits) total += std::exp(logit - maximum);
  std::vector<WeightedExpert> chosen;
  double used = 0.0;
  for (const std::size_t expert : order) {
    chosen.push_back({expert, std::exp(logits[expert] - maximum) / total});
    used += chosen.back().weight;
  }
  if (moe.normalise_weights) {
    for (WeightedExpert& one : chosen) one.weight /= used;
  }
  return chosen;
}

void ffn_block(const Session::State& state, std::uint32_t layer,
               std::span<const std::uint32_t> routing, Vector& residual) {
  const ModelSpec& spec = *state.spec;
  const LayerWeights& weights = state.weights->layers[layer];
  const Vector x = normalised(residual, weights.ffn_norm, static_cast<double>(spec.norm_epsilon));
  std::vector<WeightedExpert> experts{{0, 1.0}};
  if (spec.is_moe()) {
    experts = choose(spec.moe, multiply(*state.pool, weights.router, 0, x),
                     routing.subspan(std::size_t{layer} * spec.moe.used, spec.moe.used));
  }
  for (const WeightedExpert& one : experts) {
    Vector hidden = multiply(*state.pool, weights.gate, one.expert, x);
    const Vector up = multiply(*state.pool, weights.up, one.expert, x);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      hidden[i] = hidden[i] / (1.0 + std::exp(-hidden[i])) * up[i];
    }
    const Vector out = multiply(*state.pool, weights.down, one.expert, hidden);
    for (std::size_t i = 0; i < residual.size(); ++i) residual[i] += one.weight * out[i];
  }
}

}  // namespace

std::vector<double> reference_logits(const Session::State& state, std::uint32_t token,
                                     std::span<const std::uint32_t> routing) {
  const ModelSpec& spec = *state.spec;
  std::vector<float> row(spec.d_model);
  state.weights->embedding.decode_row(0, token, row.data());
  Vector residual(row.begin(), row.end());
  for (std::uint32_t layer = 0; layer < spec.layers; ++layer) {
    attention_block(state, layer, residual);
    ffn_block(state, layer, routing, residual);
  }
  return multiply(
      *state.pool, state.weights->head, 0,
      normalised(residual, state.weights->output_norm, static_cast<double>(spec.norm_epsilon)));
}

}  // namespace assay
