#include "reference-engine/spec/recurrent_keys.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

void read_heads(SpecKeys& keys, RecurrenceSpec& recurrence) {
  recurrence.taps = keys.size("ssm.conv_kernel");
  recurrence.heads = keys.size("ssm.time_step_rank");
  recurrence.state = keys.size("ssm.state_size");
  recurrence.groups = keys.size("ssm.group_count");
  const std::uint32_t inner = keys.size("ssm.inner_size");
  if (recurrence.heads == 0 || inner % recurrence.heads != 0) {
    return keys.refuse("ssm.inner_size",
                       fmt::format("{} (expected a multiple of ssm.time_step_rank = {})", inner,
                                   recurrence.heads));
  }
  recurrence.head_dim = inner / recurrence.heads;
}

/// The layers of a model with delta nets that are attention.
std::vector<bool> attention_layers(SpecKeys& keys, std::size_t layers) {
  // Sections of the rotation are for positions in images; those of a text are all the same.
  keys.sizes("rope.dimension_sections", 4);
  if (const std::uint32_t extra = keys.size_or("nextn_predict_layers", 0); extra != 0) {
    keys.refuse(
        "nextn_predict_layers",
        fmt::format("{} (expected 0: layers that guess further tokens are not run)", extra));
  }
  if (auto recurrent = keys.flags("attention.recurrent_layers", layers)) {
    recurrent->flip();
    return *recurrent;
  }
  constexpr std::uint32_t k_interval = 4;  // of every published model
  const std::uint32_t interval = keys.size_or("full_attention_interval", k_interval);
  if (interval == 0) keys.refuse("full_attention_interval", "0 (expected at least 1)");
  std::vector<bool> attention(layers);
  for (std::size_t i = 0; interval != 0 && i < layers; ++i) attention[i] = (i + 1) % interval == 0;
  return attention;
}

}  // namespace

void read_recurrence(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  if (row.recurrent == Mixer::attention) return;
  std::vector<bool> attention;
  for (const LayerSpec& layer : spec.layers) attention.push_back(layer.attention.kv_heads > 0);
  if (row.recurrent == Mixer::short_convolution) {
    spec.recurrence.taps = keys.size("shortconv.l_cache");
  } else {
    read_heads(keys, spec.recurrence);
  }
  if (row.recurrent == Mixer::gated_delta_net) {
    attention = attention_layers(keys, spec.layers.size());
  }
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.attention.output_gate = row.output_gate;
    if (attention[i]) continue;
    layer.mixer = row.recurrent;
    layer.attention = {};
  }
}

}  // namespace assay
