#include "reference-engine/spec/shared_layer_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace assay {
namespace {

/// The last of the first `owners` layers with the same window.
std::optional<std::uint32_t> last_of_kind(const ModelSpec& spec, std::uint32_t owners,
                                          std::uint32_t window) {
  for (std::uint32_t layer = owners; layer-- > 0;) {
    if (spec.layers[layer].attention.window == window) return layer;
  }
  return std::nullopt;
}

}  // namespace

void read_shared_cache(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  if (!row.shared_cache) return;
  constexpr std::string_view k_shared = "attention.shared_kv_layers";
  const auto layers = static_cast<std::uint32_t>(spec.layers.size());
  const std::uint32_t shared = keys.size_or(k_shared, 0);
  if (shared >= layers) {
    return keys.refuse(
        k_shared, fmt::format("{} (expected less than the {} of block_count)", shared, layers));
  }
  for (std::uint32_t layer = layers - shared; layer < layers; ++layer) {
    AttentionSpec& attention = spec.layers[layer].attention;
    attention.cache_of = last_of_kind(spec, layers - shared, attention.window);
    if (!attention.cache_of) {
      return keys.refuse(
          k_shared, fmt::format("{} (expected a layer with the window of layer {} among the first)",
                                shared, layer));
    }
  }
}

void read_layer_inputs(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  if (row.layer_inputs) spec.d_layer_input = keys.size_or("embedding_length_per_layer_input", 0);
}

void read_values(const SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  const auto has = [&](std::size_t layer, std::string_view tensor) {
    return keys.has_tensor(fmt::format("blk.{}.{}", layer, tensor));
  };
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec& attention = spec.layers[i].attention;
    if (attention.cache_of && has(i, "attn_k.weight")) spec.file.idle_keys_and_values = true;
    attention.values_are_keys =
        row.keys_as_values && has(i, "attn_k.weight") && !has(i, "attn_v.weight");
  }
}

}  // namespace assay
