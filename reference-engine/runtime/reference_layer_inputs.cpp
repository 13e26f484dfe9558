#include "reference-engine/runtime/reference_layer_inputs.hpp"

#include <cmath>
#include <numbers>

namespace assay {

std::vector<double> reference_layer_inputs(const Session::State& state, std::uint32_t token,
                                           const std::vector<double>& embedded,
                                           const ReferenceProduct& product) {
  const std::size_t width = state.spec->d_layer_input;
  if (width == 0) return {};
  const ModelWeights& weights = *state.weights;
  const std::span<const float> norm = weights.layer_input_norm;
  std::vector<double> inputs = product(weights.layer_input_projection, embedded);
  std::vector<float> own(inputs.size());
  weights.layer_embedding.decode_row(0, token, own.data());
  const double root = std::sqrt(static_cast<double>(state.spec->d_model));
  const double own_scale = std::sqrt(static_cast<double>(width));
  for (std::size_t first = 0; first < inputs.size(); first += width) {
    double squares = 0.0;
    for (std::size_t i = 0; i < width; ++i) {
      double& value = inputs[first + i];
      value /= root;
      squares += value * value;
    }
    const double mean = squares / static_cast<double>(width);
    const double scale = 1.0 / std::sqrt(mean + static_cast<double>(state.spec->norm.epsilon));
    for (std::size_t i = 0; i < width; ++i) {
      double& value = inputs[first + i];
      value *= scale * static_cast<double>(norm[i]);
      value += static_cast<double>(own[first + i]) * own_scale;
      value /= std::numbers::sqrt2;
    }
  }
  return inputs;
}

}  // namespace assay
