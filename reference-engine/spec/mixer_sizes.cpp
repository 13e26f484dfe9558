#include "reference-engine/spec/mixer_sizes.hpp"

#include <algorithm>

namespace assay {
namespace {

/// Heads with a matrix each: `extra` values of a token stand beside what is convolved.
MixerSizes sizes_of_heads(const RecurrenceSpec& spec, std::uint64_t extra) {
  const std::uint64_t mixed = spec.d_mixed();
  return {.projected = mixed + extra,
          .inner = spec.d_inner(),
          .channels = mixed,
          .history = (spec.taps - std::uint64_t{1}) * mixed,
          .state = std::uint64_t{spec.d_inner()} * spec.state};
}

/// Queries with their gates; in latent attention queries as they are before they meet the keys'
/// matrices, and then what the heads give.
std::uint64_t projected_of(const AttentionSpec& attention) {
  if (attention.is_latent()) return std::max(attention.d_q_rows(), attention.d_output());
  return attention.output_gate ? attention.d_q_rows() : 0;
}

/// A state space beside attention has its own history and state; buffers hold the wider of both.
MixerSizes sizes_of_attention(const ModelSpec& spec, const LayerSpec& layer) {
  MixerSizes sizes{};
  if (layer.state_beside) {
    sizes = sizes_of_heads(spec.recurrence, spec.recurrence.d_inner() + spec.recurrence.heads);
  }
  sizes.projected = std::max(sizes.projected, projected_of(layer.attention));
  sizes.inner = std::max<std::uint64_t>(sizes.inner, layer.attention.d_output());
  return sizes;
}

}  // namespace

MixerSizes mixer_sizes(const ModelSpec& spec, const LayerSpec& layer) {
  const RecurrenceSpec& recurrence = spec.recurrence;
  const std::uint64_t d_model = spec.d_model;
  switch (layer.mixer) {
    case Mixer::attention:
      return sizes_of_attention(spec, layer);
    case Mixer::short_convolution:  // what is multiplied before, after, and the values
      return {.projected = 3 * d_model,
              .inner = d_model,
              .channels = d_model,
              .history = (recurrence.taps - std::uint64_t{1}) * d_model,
              .state = 0};
    case Mixer::state_space:  // the gate, and a step for each head
      return sizes_of_heads(recurrence, recurrence.d_inner() + recurrence.heads);
    case Mixer::gated_delta_net:  // the gate, a step and a strength of writing for each head
      return sizes_of_heads(recurrence, recurrence.d_inner() + std::uint64_t{2} * recurrence.heads);
    case Mixer::none:
      break;
  }
  return {};
}

std::uint64_t kept_state_bytes(const ModelSpec& spec, const LayerSpec& layer) {
  const MixerSizes sizes = mixer_sizes(spec, layer);
  return (sizes.history + sizes.state) * sizeof(float);
}

}  // namespace assay
