#include "reference-engine/runtime/recurrent_state.hpp"

#include <algorithm>

#include "reference-engine/spec/mixer_sizes.hpp"

namespace assay {
namespace {

Bytes copy_bytes(const ModelSpec& spec) {
  std::uint64_t bytes = 0;
  for (const LayerSpec& layer : spec.layers) bytes += kept_state_bytes(spec, layer);
  return Arena::rounded(Bytes(bytes));
}

}  // namespace

Bytes RecurrentState::bytes(const ModelSpec& spec) { return copy_bytes(spec) + copy_bytes(spec); }

Result<RecurrentState> RecurrentState::open(const ModelSpec& spec) {
  RecurrentState states;
  for (const LayerSpec& layer : spec.layers) {
    const MixerSizes sizes = mixer_sizes(spec, layer);
    states.places_.push_back({states.values_, states.values_ + sizes.history});
    states.values_ += sizes.history + sizes.state;
  }
  auto memory = Arena::reserve(bytes(spec), "recurrent states");
  if (!memory) return pass_on(memory);
  states.memory_ = std::move(*memory);
  states.present_ = reinterpret_cast<float*>(states.memory_.take(copy_bytes(spec)));
  states.marked_ = reinterpret_cast<float*>(states.memory_.take(copy_bytes(spec)));
  return states;
}

void RecurrentState::clear() const { std::fill_n(present_, values_, 0.0F); }
void RecurrentState::mark() const { std::copy_n(present_, values_, marked_); }
void RecurrentState::restore() const { std::copy_n(marked_, values_, present_); }

}  // namespace assay
