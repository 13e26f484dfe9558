#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "reference-engine/ops/moe_router.hpp"
#include "reference-engine/runtime/reference_block.hpp"
#include "reference-engine/runtime/reference_multiply.hpp"
#include "reference-engine/runtime/reference_pass.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

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
    reference_softmax(values.weights, std::nullopt);
  }
  values.ranks = selection_bias.empty() && moe.groups == 1 ? logits : values.weights;
  reference_add(values.ranks, selection_bias);
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
  Vector hidden = reference_multiply(state, layer.gate, expert, x);
  Vector up = reference_multiply(state, layer.up, expert, x);
  reference_add(hidden, of_expert(layer.gate_bias, expert, hidden.size()));
  reference_add(up, of_expert(layer.up_bias, expert, up.size()));
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    hidden[i] = reference_activation(state.spec->activation, hidden[i], up[i]);
  }
  Vector out = reference_multiply(state, layer.down, expert, hidden);
  reference_add(out, of_expert(layer.down_bias, expert, out.size()));
  return out;
}

/// What is shared, and its gate.
void add_shared(const Session::State& state, const LayerWeights& weights, const Vector& x,
                Vector& sum) {
  double gate = 1.0;
  if (!weights.shared_router.empty()) {
    gate = 1.0 / (1.0 + std::exp(-reference_dot(weights.shared_router.data(), x.data(), x.size())));
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
  Vector logits = reference_multiply(state, weights.router, 0, x);
  const double scale = moe.apart ? 1.0 / std::sqrt(static_cast<double>(x.size())) : 1.0;
  for (double& logit : logits) logit *= scale;
  reference_add(logits, weights.router_bias);
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
Vector run_apart(const Session::State& state, const LayerWeights& weights,
                 std::span<const std::uint32_t> routing, const Vector& residual) {
  const NormSpec& norm = state.spec->norm;
  const auto experts = choose_and_weigh(
      state, weights, reference_block_input(state, residual, weights.router_norm), routing);
  Vector sum =
      run_all(state, weights, experts, reference_block_input(state, residual, weights.moe_norm));
  sum = reference_normalised(std::move(sum), weights.moe_post_norm, norm);
  const Vector dense = reference_normalised(
      run(state, {weights.shared_gate, weights.shared_up, weights.shared_down, {}, {}, {}}, 0,
          reference_block_input(state, residual, weights.ffn_norm)),
      weights.shared_post_norm, norm);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += dense[i];
  return sum;
}

Vector run_mixture(const Session::State& state, const LayerWeights& weights,
                   std::span<const std::uint32_t> routing, const Vector& residual) {
  const Vector x = reference_block_input(state, residual, weights.ffn_norm);
  Vector sum = run_all(state, weights, choose_and_weigh(state, weights, x, routing), x);
  if (state.spec->moe.d_shared > 0) add_shared(state, weights, x, sum);
  return sum;
}

}  // namespace

void reference_ffn_block(const Session::State& state, std::uint32_t layer,
                         std::span<const std::uint32_t> routing, Vector& residual) {
  const ModelSpec& spec = *state.spec;
  const LayerWeights& weights = state.weights->layers[layer];
  Vector out;
  if (spec.layers[layer].ffn == Ffn::dense) {
    const std::array all{WeightedExpert{0, 1.0}};
    out = run_all(state, weights, all, reference_block_input(state, residual, weights.ffn_norm));
  } else {
    out = spec.moe.apart ? run_apart(state, weights, routing, residual)
                         : run_mixture(state, weights, routing, residual);
  }
  reference_add_block(spec, std::move(out), {}, weights.ffn_post_norm, residual);
}

}  // namespace assay
