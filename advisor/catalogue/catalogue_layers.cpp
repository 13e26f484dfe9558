#include "advisor/catalogue/catalogue_layers.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "advisor/catalogue/row_sizes.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/json/known_keys.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// Attention over a window: positions, and what a layer of it has otherwise than the others.
struct WindowedLayers {
  std::uint32_t window = 0;  // 0: there are none
  bool second_rope = false;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
};

/// What a letter of a pattern stands for. Nothing for an unknown letter.
std::optional<LayerSpec> layer_of(char letter, const LayerSpec& full,
                                  const WindowedLayers& windowed) {
  LayerSpec layer = full;
  switch (letter) {
    case 'F':  // attention over all positions
      return layer;
    case 'K':  // the same without a value matrix
      layer.attention.values_are_keys = true;
      return layer;
    case 'N':  // the same without rotation
      layer.attention.rope = std::nullopt;
      return layer;
    case 'S':  // attention over a sliding window
      if (windowed.window == 0) return std::nullopt;
      layer.attention.window = windowed.window;
      layer.attention.kv_heads = windowed.kv_heads;
      layer.attention.head_dim = windowed.head_dim;
      if (windowed.second_rope) layer.attention.rope = 1;
      return layer;
    case 'L':
      layer.mixer = Mixer::gated_delta_net;
      break;
    case 'C':
      layer.mixer = Mixer::short_convolution;
      break;
    case 'M':
      layer.mixer = Mixer::state_space;
      break;
    case 'P':  // attention, and a state space that sees the same input
      layer.state_beside = true;
      return layer;
    case 'm':  // a layer of one block: a state space,
      layer.mixer = Mixer::state_space;
      layer.ffn = Ffn::none;
      break;
    case 'n':  // attention without rotation,
      layer.attention.rope = std::nullopt;
      layer.ffn = Ffn::none;
      return layer;
    case 'h':  // or what follows these elsewhere
      layer.mixer = Mixer::none;
      break;
    default:
      return std::nullopt;
  }
  layer.attention = {};
  return layer;
}

}  // namespace

Result<std::vector<LayerSpec>> layers_of(const JsonFields& row, const ModelSpec& spec,
                                         const LayerSpec& full, std::uint32_t dense_layers) {
  FirstError read;
  std::uint32_t count = 0;
  WindowedLayers windowed{.second_rope = spec.ropes.size() > 1,
                          .kv_heads = full.attention.kv_heads,
                          .head_dim = full.attention.head_dim};
  std::string pattern = "F";
  read.take(size_of(row, "layers"), count);
  read.take_if_there(size_if_there(row, "window"), windowed.window);
  read.take_if_there(size_if_there(row, "windowed_kv_heads"), windowed.kv_heads);
  read.take_if_there(size_if_there(row, "windowed_head_dim"), windowed.head_dim);
  read.take_if_there(row.optional_text("pattern"), pattern);
  if (!read.ok()) return read.failure();
  if (count > k_most_layers) {
    return row.refuse("layers", fmt::format("{} found (expected 1 to {})", count, k_most_layers));
  }
  if (pattern.empty()) return row.refuse("pattern", "empty (expected a letter for each layer)");
  std::vector<LayerSpec> layers;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto layer = layer_of(pattern[i % pattern.size()], full, windowed);
    if (!layer) {
      return row.refuse("pattern",
                        fmt::format("\"{}\" found (expected letters F K N L C M P m n h, "
                                    "and S with a `window`)",
                                    printable(pattern, 60)));
    }
    const bool has_experts = spec.is_moe() && i >= dense_layers;
    if (has_experts && layer->ffn == Ffn::dense) layer->ffn = Ffn::mixture;
    if (layer->ffn != Ffn::dense) layer->d_ff = 0;
    layers.push_back(*layer);
  }
  return layers;
}

Result<void> read_shared_cache(const JsonFields& row, ModelSpec& spec) {
  if (!row.has("shared_cache")) return {};
  const auto fields = row.object("shared_cache");
  if (!fields) return pass_on(fields);
  if (auto known = only_known_keys(*fields, {"layers", "d_ff", "idle_matrices"}); !known) {
    return pass_on(known);
  }
  std::uint32_t shared = 0;
  std::uint32_t d_ff = spec.layers.back().d_ff;
  FirstError read;
  read.take(size_of(*fields, "layers"), shared);
  read.take_if_there(size_if_there(*fields, "d_ff"), d_ff);
  read.take(fields->flag("idle_matrices"), spec.file.idle_keys_and_values);
  if (!read.ok()) return read.failure();
  const std::size_t layers = spec.layers.size();
  const std::size_t owners = shared < layers ? layers - shared : 0;
  for (std::size_t i = owners; i < layers; ++i) {
    AttentionSpec& attention = spec.layers[i].attention;
    for (std::uint32_t owner = 0; owner < owners; ++owner) {
      if (spec.layers[owner].attention.window == attention.window) attention.cache_of = owner;
    }
    if (!attention.cache_of) {
      return fields->refuse("layers", fmt::format("{} found (expected a layer like each of them "
                                                  "among the {} before)",
                                                  shared, owners));
    }
    spec.layers[i].d_ff = d_ff;
  }
  return {};
}

}  // namespace assay
