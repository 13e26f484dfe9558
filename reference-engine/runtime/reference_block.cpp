#include "reference-engine/runtime/reference_block.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "reference-engine/ops/norm.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

/// A session rounds what its float32 norm gives. Where that is what float64 gives, but for the
/// last bits, it decides how a value between two codes is rounded: rows of a block format lie on a
/// lattice, and many of them fall between two.
void follow_ties(const Session::State& state, const Vector& from, const NormWeights& weights,
                 Vector& exact) {
  constexpr double k_last_bits = 0x1p-20;
  std::vector<float> row(from.begin(), from.end());
  norm(*state.kernels, state.spec->norm, row, weights, row);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const auto rounded = static_cast<double>(row[i]);
    if (std::abs(rounded - exact[i]) <= k_last_bits * std::abs(exact[i])) exact[i] = rounded;
  }
}

}  // namespace

void reference_add(Vector& to, std::span<const float> bias) {
  for (std::size_t i = 0; i < bias.size(); ++i) to[i] += static_cast<double>(bias[i]);
}

void reference_rms_norm(std::span<double> x, std::span<const float> weight, double epsilon) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] *= scale * (weight.empty() ? 1.0 : static_cast<double>(weight[i]));
  }
}

void reference_softmax(Vector& scores, std::optional<double> sink) {
  double maximum = *std::max_element(scores.begin(), scores.end());
  if (sink) maximum = std::max(maximum, *sink);
  for (double& score : scores) score = std::exp(score - maximum);
  double total = std::accumulate(scores.begin(), scores.end(), 0.0);
  if (sink) total += std::exp(*sink - maximum);
  for (double& score : scores) score /= total;
}

Vector reference_normalised(Vector x, const NormWeights& weights, const NormSpec& norm) {
  if (weights.weight.empty()) return x;
  const auto epsilon = static_cast<double>(norm.epsilon);
  reference_rms_norm(x, weights.weight, epsilon);
  reference_add(x, weights.bias);
  return x;
}

Vector reference_block_input(const Session::State& state, const Vector& residual,
                             const NormWeights& weights) {
  Vector x = reference_normalised(residual, weights, state.spec->norm);
  if (state.rounding == ReferenceRounding::as_declared && !weights.weight.empty()) {
    follow_ties(state, residual, weights, x);
  }
  return x;
}

void reference_add_block(const ModelSpec& spec, Vector out, std::span<const float> bias,
                         const NormWeights& post_norm, Vector& residual) {
  reference_add(out, bias);
  out = reference_normalised(std::move(out), post_norm, spec.norm);
  const auto scale = static_cast<double>(spec.scale.residual);
  for (std::size_t i = 0; i < residual.size(); ++i) residual[i] += scale * out[i];
}

double reference_activation(Activation kind, double gate, double up) {
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

}  // namespace assay
