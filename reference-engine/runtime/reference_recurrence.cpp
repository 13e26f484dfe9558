#include "reference-engine/runtime/reference_recurrence.hpp"

#include <cmath>
#include <numeric>

#include "reference-engine/spec/mixer_sizes.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

double wide(float value) { return static_cast<double>(value); }
double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

/// One token in one layer.
struct Token {
  const RecurrenceSpec& spec;
  const RecurrentWeights& weights;
  LayerState before;  // of the token
  MixerSizes sizes;
  double epsilon;  // of norms
};

/// Convolves the values from `first` on, as many as there are channels.
void convolve(const Token& token, Vector& row, std::size_t first) {
  const std::size_t taps = token.spec.taps;
  for (std::size_t c = 0; c < token.sizes.channels; ++c) {
    const float* weight = token.weights.convolution.data() + c * taps;
    double sum = wide(weight[taps - 1]) * row[first + c];
    for (std::size_t j = 0; j + 1 < taps; ++j) {
      sum += wide(weight[j]) * wide(token.before.history[j * token.sizes.channels + c]);
    }
    if (!token.weights.convolution_bias.empty()) sum += wide(token.weights.convolution_bias[c]);
    row[first + c] = sum;
  }
}

void apply_silu(Vector& row, std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) row[i] *= sigmoid(row[i]);
}

/// x * weight / root mean square, over groups of `width` values; weights start anew after as many
/// as there are.
void rms_norm(const Token& token, Vector& x, std::size_t width) {
  for (std::size_t first = 0; first < x.size(); first += width) {
    double squares = 0.0;
    for (std::size_t i = first; i < first + width; ++i) squares += x[i] * x[i];
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + token.epsilon);
    for (std::size_t i = first; i < first + width; ++i) {
      x[i] *= scale * wide(token.weights.norm[i % token.weights.norm.size()]);
    }
  }
}

Vector short_convolution(const Token& token, const Vector& x, const ReferenceProduct& product) {
  Vector row = product(token.weights.in, x);
  const std::size_t width = token.sizes.channels;
  for (std::size_t i = 0; i < width; ++i) row[2 * width + i] *= row[i];
  convolve(token, row, 2 * width);
  Vector out(width);
  for (std::size_t i = 0; i < width; ++i) out[i] = row[width + i] * row[2 * width + i];
  return out;
}

/// One step of a head's memory, whose rate and step are its own.
double decay(const Token& token, std::size_t head, double step) {
  return std::exp(wide(token.weights.rate[head]) * step);
}

Vector state_space(const Token& token, const Vector& x, const ReferenceProduct& product) {
  const RecurrenceSpec& spec = token.spec;
  const std::size_t inner = spec.d_inner();
  Vector row = product(token.weights.in, x);
  convolve(token, row, inner);
  apply_silu(row, inner, token.sizes.channels);
  Vector out(inner);
  for (std::size_t i = 0; i < inner; ++i) {
    const std::size_t h = i / spec.head_dim;
    const double step =
        softplus(row[inner + token.sizes.channels + h] + wide(token.weights.step_bias[h]));
    const double kept = decay(token, h, step);
    const double value = row[inner + i];
    const double* add = &row[2 * inner + h / (spec.heads / spec.groups) * spec.state];
    const double* read = add + std::size_t{spec.groups} * spec.state;
    const float* state = token.before.state + i * spec.state;
    out[i] = wide(token.weights.skip[h]) * value;
    for (std::size_t n = 0; n < spec.state; ++n) {
      out[i] += (kept * wide(state[n]) + step * value * add[n]) * read[n];
    }
    out[i] *= row[i] * sigmoid(row[i]);
  }
  rms_norm(token, out, inner / spec.groups);
  return out;
}

/// x / sqrt(sum of squares + epsilon). Shape: [size].
Vector unit(const Token& token, const double* x) {
  Vector out(x, x + token.spec.state);
  const double squares = std::inner_product(out.begin(), out.end(), out.begin(), 0.0);
  for (double& value : out) value /= std::sqrt(squares + token.epsilon);
  return out;
}

Vector delta_net(const Token& token, const Vector& x, const ReferenceProduct& product) {
  const RecurrenceSpec& spec = token.spec;
  Vector row = product(token.weights.in, x);
  const Vector writes = product(token.weights.write, x);
  const Vector steps = product(token.weights.step, x);
  const Vector gate = product(token.weights.gate, x);
  convolve(token, row, 0);
  apply_silu(row, 0, row.size());
  const std::size_t keys = std::size_t{spec.groups} * spec.state;
  Vector out(spec.d_inner());
  for (std::size_t h = 0; h < spec.heads; ++h) {
    const Vector query = unit(token, &row[h % spec.groups * spec.state]);
    const Vector key = unit(token, &row[keys + h % spec.groups * spec.state]);
    const double kept = decay(token, h, softplus(steps[h] + wide(token.weights.step_bias[h])));
    for (std::size_t i = h * spec.head_dim; i < (h + 1) * spec.head_dim; ++i) {
      const float* state = token.before.state + i * spec.state;
      const double known = kept * std::inner_product(key.begin(), key.end(), state, 0.0);
      const double correction = sigmoid(writes[h]) * (row[2 * keys + i] - known);
      for (std::size_t n = 0; n < spec.state; ++n) {
        out[i] += (kept * wide(state[n]) + correction * key[n]) * query[n];
      }
      out[i] /= std::sqrt(static_cast<double>(spec.state));
    }
  }
  rms_norm(token, out, spec.head_dim);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] *= gate[i] * sigmoid(gate[i]);
  return out;
}

Vector mixed(const Token& token, Mixer mixer, const Vector& x, const ReferenceProduct& product) {
  switch (mixer) {
    case Mixer::short_convolution:
      return short_convolution(token, x, product);
    case Mixer::state_space:
      return state_space(token, x, product);
    case Mixer::gated_delta_net:
      return delta_net(token, x, product);
    case Mixer::attention:
    case Mixer::none:
      break;  // they carry no state
  }
  return {};
}

}  // namespace

std::vector<double> reference_mixer(const Session::State& state, std::uint32_t layer,
                                    const std::vector<double>& x, const ReferenceProduct& product) {
  const ModelSpec& spec = *state.spec;
  const Token token{spec.recurrence, state.weights->layers[layer].recurrent,
                    state.states.marked(layer), mixer_sizes(spec, spec.layers[layer]),
                    wide(spec.norm.epsilon)};
  return product(token.weights.out, mixed(token, spec.layers[layer].mixer, x, product));
}

}  // namespace assay
