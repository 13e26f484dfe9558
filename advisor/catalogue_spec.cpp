#include "advisor/catalogue_spec.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/json/first_error.hpp"
#include "base/enum_table.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr EnumTable<QkNorm, 3> k_qk_norms{{{
    {QkNorm::none, "none"},
    {QkNorm::per_head, "per_head"},
    {QkNorm::full, "full"},
}}};
constexpr EnumTable<RopeScaling, 4> k_rope_scalings{{{
    {RopeScaling::none, "none"},
    {RopeScaling::linear, "linear"},
    {RopeScaling::yarn, "yarn"},
    {RopeScaling::longrope, "longrope"},
}}};

/// A size of a model: 1 to the most that 32 bits hold.
Result<std::uint32_t> size_of(const JsonFields& fields, std::string_view key) {
  const auto value = fields.count(key);
  if (!value) return pass_on(value);
  if (*value == 0 || *value > std::numeric_limits<std::uint32_t>::max()) {
    return fields.refuse(key, fmt::format("{} found (expected 1 to 4294967295)", *value));
  }
  return static_cast<std::uint32_t>(*value);
}

/// The same for a field that may be missing.
Result<std::optional<std::uint32_t>> size_if_there(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return std::optional<std::uint32_t>();
  const auto value = size_of(fields, key);
  if (!value) return pass_on(value);
  return std::optional<std::uint32_t>(*value);
}

template <typename Enum, std::size_t Count>
Result<Enum> choice_of(const JsonFields& fields, std::string_view key,
                       const EnumTable<Enum, Count>& names) {
  const auto text = fields.text(key);
  if (!text) return pass_on(text);
  const auto value = names.value(*text);
  if (!value) return fields.refuse(key, fmt::format("\"{}\" found (not a known one)", *text));
  return *value;
}

Result<RopeSpec> rope_of(const JsonFields& fields, RopeSpec rope, std::uint32_t head_dim) {
  rope.dims = head_dim;
  FirstError read;
  std::optional<double> base;
  read.take(fields.optional_number("base"), base);
  if (base) rope.base = static_cast<float>(*base);
  read.take_if_there(size_if_there(fields, "dims"), rope.dims);
  read.take_if_there(fields.optional_flag("frequency_factors"), rope.frequency_factors);
  if (fields.has("scaling")) {
    double factor = 1.0;
    read.take(choice_of(fields, "scaling", k_rope_scalings), rope.scaling);
    read.take(fields.number("factor"), factor);
    read.take(size_of(fields, "original_context"), rope.original_context);
    rope.factor = static_cast<float>(factor);
  }
  if (!read.ok()) return read.failure();
  return rope;
}

/// The experts, and which layers have none.
Result<MoeSpec> moe_of(const JsonFields& fields, MoeSpec moe, std::uint32_t& dense_layers) {
  FirstError read;
  read.take(size_of(fields, "experts"), moe.experts);
  read.take(size_of(fields, "used"), moe.used);
  read.take(size_of(fields, "d_expert"), moe.d_expert);
  read.take_if_there(size_if_there(fields, "d_shared"), moe.d_shared);
  read.take_if_there(size_if_there(fields, "dense_layers"), dense_layers);
  read.take_if_there(fields.optional_flag("selection_bias"), moe.selection_bias);
  if (!read.ok()) return read.failure();
  if (moe.used > moe.experts) {
    return fields.refuse(
        "used", fmt::format("{} found (expected at most the {} experts)", moe.used, moe.experts));
  }
  return moe;
}

Result<RecurrenceSpec> recurrence_of(const JsonFields& fields) {
  RecurrenceSpec recurrence;
  FirstError read;
  read.take(size_of(fields, "taps"), recurrence.taps);
  read.take_if_there(size_if_there(fields, "heads"), recurrence.heads);
  read.take_if_there(size_if_there(fields, "head_dim"), recurrence.head_dim);
  read.take_if_there(size_if_there(fields, "state"), recurrence.state);
  read.take_if_there(size_if_there(fields, "groups"), recurrence.groups);
  if (!read.ok()) return read.failure();
  return recurrence;
}

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
    default:
      return std::nullopt;
  }
  layer.attention = {};
  return layer;
}

/// Layers of a repeated pattern of letters; the first `dense_layers` have no experts.
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
      return row.refuse("pattern", fmt::format("\"{}\" found (expected letters F K N L C M, and S "
                                               "with a `window`)",
                                               printable(pattern, 60)));
    }
    if (spec.is_moe() && i >= dense_layers) {
      layer->ffn = Ffn::mixture;
      layer->d_ff = 0;
    }
    layers.push_back(*layer);
  }
  return layers;
}

Result<LatentSpec> latent_of(const JsonFields& fields) {
  LatentSpec latent;
  FirstError read;
  read.take(size_of(fields, "rank"), latent.rank);
  read.take_if_there(size_if_there(fields, "query_rank"), latent.query_rank);
  read.take(size_of(fields, "key"), latent.key);
  read.take(size_of(fields, "rotated"), latent.rotated);
  read.take(size_of(fields, "value"), latent.value);
  if (!read.ok()) return read.failure();
  return latent;
}

/// Last layers that look at the keys and values of the last of their kind before them, and may be
/// wider in their hidden layers.
Result<void> read_shared_cache(const JsonFields& row, ModelSpec& spec) {
  if (!row.has("shared_cache")) return {};
  const auto fields = row.object("shared_cache");
  if (!fields) return pass_on(fields);
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

Result<AttentionSpec> attention_of(const JsonFields& row) {
  AttentionSpec attention;
  FirstError read;
  read.take(size_of(row, "heads"), attention.heads);
  read.take(size_of(row, "kv_heads"), attention.kv_heads);
  read.take(size_of(row, "head_dim"), attention.head_dim);
  read.take_if_there(row.optional_flag("output_gate"), attention.output_gate);
  if (row.has("latent")) {
    const auto latent = row.object("latent");
    if (!latent) return pass_on(latent);
    read.take(latent_of(*latent), attention.latent);
  }
  if (!read.ok()) return read.failure();
  if (attention.heads % attention.kv_heads != 0) {
    return row.refuse("kv_heads", fmt::format("{} found (expected a divisor of the {} heads)",
                                              attention.kv_heads, attention.heads));
  }
  return attention;
}

/// The rotation, and the one of windowed layers where they have their own.
Result<std::vector<RopeSpec>> ropes_of(const JsonFields& row, const RopeSpec& known,
                                       std::uint32_t head_dim) {
  const auto fields = row.object("rope");
  if (!fields) return pass_on(fields);
  const auto rope = rope_of(*fields, known, head_dim);
  if (!rope) return pass_on(rope);
  std::vector<RopeSpec> ropes{*rope};
  const auto windowed_base = fields->optional_number("windowed_base");
  if (!windowed_base) return pass_on(windowed_base);
  if (*windowed_base) {
    RopeSpec windowed = known;
    windowed.dims = rope->dims;
    const auto dims = size_if_there(row, "windowed_head_dim");
    if (!dims) return pass_on(dims);
    if (*dims) windowed.dims = **dims;
    windowed.base = static_cast<float>(**windowed_base);
    ropes.push_back(windowed);
  }
  return ropes;
}

/// Sizes and switches of the whole model.
void read_model(const JsonFields& row, FirstError& read, ModelSpec& spec) {
  read.take(row.text("id"), spec.name);
  read.take(size_of(row, "d_model"), spec.d_model);
  read.take(size_of(row, "vocabulary"), spec.vocabulary);
  read.take(size_of(row, "trained_context"), spec.trained_context);
  read.take(row.flag("tied_embeddings"), spec.tied_embeddings);
  read.take(row.flag("qkv_bias"), spec.bias.qkv);
  read.take(choice_of(row, "qk_norm", k_qk_norms), spec.qk_norm);
  read.take_if_there(row.optional_flag("norm_bias"), spec.norm.bias);
  read.take_if_there(row.optional_flag("norm_after"), spec.norm.after);
  read.take_if_there(size_if_there(row, "layer_input"), spec.d_layer_input);
}

}  // namespace

Result<ModelSpec> catalogue_spec(const JsonFields& row) {
  const auto architecture = row.text("architecture");
  if (!architecture) return pass_on(architecture);
  ModelSpec spec = architecture_spec(*architecture).value_or(ModelSpec{});
  spec.architecture = *architecture;
  FirstError read;
  read_model(row, read, spec);
  LayerSpec full;
  std::uint32_t dense_layers = 0;
  read.take(attention_of(row), full.attention);
  if (!read.ok()) return read.failure();
  read.take(ropes_of(row, spec.rope(), full.attention.head_dim), spec.ropes);
  if (row.has("moe")) {
    const auto moe = row.object("moe");
    if (!moe) return pass_on(moe);
    read.take(moe_of(*moe, spec.moe, dense_layers), spec.moe);
  }
  if (row.has("recurrence")) {
    const auto recurrence = row.object("recurrence");
    if (!recurrence) return pass_on(recurrence);
    read.take(recurrence_of(*recurrence), spec.recurrence);
  }
  if (!spec.is_moe() || dense_layers > 0) read.take(size_of(row, "d_ff"), full.d_ff);
  if (!read.ok()) return read.failure();
  read.take(layers_of(row, spec, full, dense_layers), spec.layers);
  if (!read.ok()) return read.failure();
  if (auto shared = read_shared_cache(row, spec); !shared) return pass_on(shared);
  return spec;
}

}  // namespace assay
