#include <fmt/format.h>

#include <array>
#include <limits>
#include <string_view>

#include "advisor/catalogue.hpp"
#include "advisor/json/first_error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

/// How one model_type of Hugging Face names what its GGUF architecture needs. Source: the
/// configuration classes of Hugging Face transformers (defaults included).
struct ConfigRow {
  std::string_view model_type;
  std::string_view architecture;
  std::string_view experts;    // field with the number of experts; empty for a dense model
  std::string_view d_expert;   // field with the width of one expert
  std::uint32_t head_dim = 0;  // where the file has none; 0: hidden_size / num_attention_heads
};

constexpr std::array<ConfigRow, 7> k_rows{{
    {"llama", "llama", "", "", 0},
    {"mistral", "llama", "", "", 0},
    {"mixtral", "llama", "num_local_experts", "intermediate_size", 0},
    {"qwen2", "qwen2", "", "", 0},
    {"qwen3", "qwen3", "", "", 128},
    {"qwen3_moe", "qwen3moe", "num_experts", "moe_intermediate_size", 128},
    {"olmoe", "olmoe", "num_experts", "intermediate_size", 0},
}};

const ConfigRow* row_of(std::string_view model_type) {
  for (const ConfigRow& row : k_rows) {
    if (row.model_type == model_type) return &row;
  }
  return nullptr;
}

std::string known_model_types() {
  std::string names;
  for (const ConfigRow& row : k_rows) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.model_type);
  }
  return names;
}

Result<std::optional<std::uint32_t>> size_if_there(const JsonFields& fields, std::string_view key) {
  const auto value = fields.optional_count(key);
  if (!value) return pass_on(value);
  if (!*value) return std::optional<std::uint32_t>();
  if (**value == 0 || **value > std::numeric_limits<std::uint32_t>::max()) {
    return fields.refuse(key, fmt::format("{} found (expected 1 to 4294967295)", **value));
  }
  return std::optional<std::uint32_t>(static_cast<std::uint32_t>(**value));
}

Result<std::uint32_t> size_of(const JsonFields& fields, std::string_view key) {
  const auto value = size_if_there(fields, key);
  if (!value) return pass_on(value);
  if (!*value) return fields.refuse(key, "missing (expected a whole number)");
  return **value;
}

Result<float> number_or(const JsonFields& fields, std::string_view key, float otherwise) {
  const auto value = fields.optional_number(key);
  if (!value) return pass_on(value);
  return *value ? static_cast<float>(**value) : otherwise;
}

/// What the forward pass does not have is refused rather than left out.
Result<void> refuse_what_differs(const JsonFields& fields) {
  const auto bias = fields.optional_flag("attention_bias");
  if (!bias) return pass_on(bias);
  if (bias->value_or(false)) {
    return fields.refuse("attention_bias", "true found (biases of the output are not known)");
  }
  const auto window = fields.optional_flag("use_sliding_window");
  if (!window) return pass_on(window);
  if (window->value_or(false)) {
    return fields.refuse("use_sliding_window", "true found (expected full attention)");
  }
  const auto step = fields.optional_count("decoder_sparse_step");
  if (!step) return pass_on(step);
  if (step->value_or(1) != 1) {
    return fields.refuse("decoder_sparse_step", "expected 1: every layer has experts");
  }
  const auto dense_layers = fields.json().find("mlp_only_layers");
  if (dense_layers != fields.json().end() && dense_layers->is_array() && !dense_layers->empty()) {
    return fields.refuse("mlp_only_layers", "expected none: every layer has experts");
  }
  return {};
}

Result<void> read_scaling(const JsonFields& fields, std::uint32_t context, RopeSpec& rope) {
  const bool has_type = fields.has("rope_type");
  const std::string_view key = has_type ? "rope_type" : "type";
  const auto type = fields.optional_text(key);
  if (!type) return pass_on(type);
  const std::string kind = type->value_or("default");
  if (kind == "default") return {};
  FirstError read;
  if (kind == "llama3") {
    rope.frequency_factors = true;
  } else if (kind == "linear" || kind == "yarn") {
    rope.scaling = kind == "linear" ? RopeScaling::linear : RopeScaling::yarn;
    read.take(number_or(fields, "factor", 1.0F), rope.factor);
    rope.original_context = context;
    read.take_if_there(size_if_there(fields, "original_max_position_embeddings"),
                       rope.original_context);
    read.take(number_or(fields, "beta_fast", rope.yarn_beta_fast), rope.yarn_beta_fast);
    read.take(number_or(fields, "beta_slow", rope.yarn_beta_slow), rope.yarn_beta_slow);
  } else {
    return fields.refuse(
        key, fmt::format("\"{}\" found (expected llama3, linear or yarn)", printable(kind, 40)));
  }
  if (!read.ok()) return read.failure();
  return {};
}

/// Rotation: `rope_theta` and `rope_scaling`, or both in `rope_parameters`.
Result<void> read_rope(const JsonFields& fields, ModelSpec& spec) {
  spec.rope().dims = spec.layers.front().attention.head_dim;
  const auto base = number_or(fields, "rope_theta", spec.rope().base);
  if (!base) return pass_on(base);
  spec.rope().base = *base;
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    if (!fields.has(key)) continue;
    const auto scaling = fields.object(key);
    if (!scaling) return pass_on(scaling);
    const auto inner_base = number_or(*scaling, "rope_theta", spec.rope().base);
    if (!inner_base) return pass_on(inner_base);
    spec.rope().base = *inner_base;
    if (auto read = read_scaling(*scaling, spec.trained_context, spec.rope()); !read) {
      return pass_on(read);
    }
  }
  return {};
}

/// All layers alike, with the attention that the file describes.
Result<void> read_layers(const JsonFields& fields, const ConfigRow& row, ModelSpec& spec) {
  FirstError read;
  std::uint32_t layers = 0;
  LayerSpec layer;
  AttentionSpec& attention = layer.attention;
  read.take(size_of(fields, "num_hidden_layers"), layers);
  read.take(size_of(fields, "hidden_size"), spec.d_model);
  read.take(size_of(fields, "num_attention_heads"), attention.heads);
  if (!read.ok()) return read.failure();
  attention.kv_heads = attention.heads;
  read.take_if_there(size_if_there(fields, "num_key_value_heads"), attention.kv_heads);
  attention.head_dim = row.head_dim != 0 ? row.head_dim : spec.d_model / attention.heads;
  read.take_if_there(size_if_there(fields, "head_dim"), attention.head_dim);
  if (!read.ok()) return read.failure();
  if (attention.heads % attention.kv_heads != 0) {
    return fields.refuse("num_key_value_heads",
                         fmt::format("{} found (expected a divisor of the {} heads)",
                                     attention.kv_heads, attention.heads));
  }
  if (layers > k_most_layers) {
    return fields.refuse("num_hidden_layers",
                         fmt::format("{} found (expected 1 to {})", layers, k_most_layers));
  }
  spec.layers = uniform_layers(layers, layer);
  return {};
}

Result<void> read_ffn(const JsonFields& fields, const ConfigRow& row, ModelSpec& spec) {
  FirstError read;
  if (row.experts.empty()) {
    std::uint32_t d_ff = 0;
    read.take(size_of(fields, "intermediate_size"), d_ff);
    for (LayerSpec& layer : spec.layers) layer.d_ff = d_ff;
  } else {
    read.take(size_of(fields, row.experts), spec.moe.experts);
    read.take(size_of(fields, "num_experts_per_tok"), spec.moe.used);
    read.take(size_of(fields, row.d_expert), spec.moe.d_expert);
    read.take_if_there(fields.optional_flag("norm_topk_prob"), spec.moe.normalise_weights);
    for (LayerSpec& layer : spec.layers) layer = mixture_layer(layer.attention);
  }
  if (!read.ok()) return read.failure();
  return {};
}

}  // namespace

Result<ModelSpec> spec_from_config_json(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  const auto model_type = fields.text("model_type");
  if (!model_type) return pass_on(model_type);
  const ConfigRow* row = row_of(*model_type);
  auto spec = row == nullptr ? std::nullopt : architecture_spec(row->architecture);
  if (!spec) {
    return fields.refuse(
        "model_type", fmt::format("\"{}\" found (expected one of {})", printable(*model_type, 40),
                                  known_model_types()));
  }
  spec->name = source;
  FirstError read;
  read.take(size_of(fields, "vocab_size"), spec->vocabulary);
  read.take(size_of(fields, "max_position_embeddings"), spec->trained_context);
  read.take_if_there(fields.optional_flag("tie_word_embeddings"), spec->tied_embeddings);
  read.take(number_or(fields, "rms_norm_eps", spec->norm.epsilon), spec->norm.epsilon);
  if (!read.ok()) return read.failure();
  if (auto checked = refuse_what_differs(fields); !checked) return pass_on(checked);
  if (auto done = read_layers(fields, *row, *spec); !done) return pass_on(done);
  if (auto done = read_rope(fields, *spec); !done) return pass_on(done);
  if (auto done = read_ffn(fields, *row, *spec); !done) return pass_on(done);
  // A plan refuses what no engine could hold; a spec that has none is not handed out.
  if (auto plan = tensor_plan(*spec, Recipe::f16); !plan) return pass_on(plan);
  return *spec;
}

}  // namespace assay
