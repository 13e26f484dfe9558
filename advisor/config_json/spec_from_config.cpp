#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>

#include "advisor/catalogue.hpp"
#include "advisor/catalogue/catalogue_spec.hpp"
#include "advisor/config_json/config_attention.hpp"
#include "advisor/config_json/config_ffn.hpp"
#include "advisor/config_json/config_fields.hpp"
#include "advisor/config_json/config_layers.hpp"
#include "advisor/config_json/config_rope.hpp"
#include "advisor/config_json/config_type.hpp"
#include "advisor/json/first_error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

/// What the plan does not have is refused rather than left out.
Result<void> refuse_what_differs(const JsonFields& fields, const ConfigType& type) {
  for (const std::string_view key : {"attention_bias", "use_bias"}) {
    const auto bias = config_flag(fields, key, false);
    if (!bias) return pass_on(bias);
    if (*bias && !type.biases) {
      return fields.refuse(key, "true found (biases of the output are not known)");
    }
  }
  const auto window = config_flag(fields, "use_sliding_window", false);
  if (!window) return pass_on(window);
  if (*window) return fields.refuse("use_sliding_window", "true found (expected full attention)");
  for (const std::string_view key : {"decoder_sparse_step", "moe_layer_interval"}) {
    const auto step = fields.optional_count(key);
    if (!step) return pass_on(step);
    if (step->value_or(1) != 1) {
      return fields.refuse(key, "expected 1: every layer has experts");
    }
  }
  const auto dense_layers = fields.json().find("mlp_only_layers");
  if (dense_layers != fields.json().end() && dense_layers->is_array() && !dense_layers->empty()) {
    return fields.refuse("mlp_only_layers", "expected none: every layer has experts");
  }
  return {};
}

Result<void> add_layers(const JsonFields& fields, const ConfigType& type, Json& row) {
  const auto layers = config_size(fields, "num_hidden_layers");
  if (!layers) return pass_on(layers);
  if (*layers > k_most_layers) {
    return fields.refuse("num_hidden_layers",
                         fmt::format("{} found (expected 1 to {})", *layers, k_most_layers));
  }
  row["layers"] = *layers;
  auto pattern = config_pattern(fields, type, *layers);
  if (!pattern) return pass_on(pattern);
  if (pattern->find('S') != std::string::npos) {
    const auto window = config_size(fields, "sliding_window", type.window);
    if (!window) return pass_on(window);
    row["window"] = *window;
  }
  if (auto added = add_recurrence(fields, *pattern, row); !added) return added;
  row["pattern"] = std::move(*pattern);
  return {};
}

/// Sizes and switches of the whole model. `outer` is the file, which may hold the text model as a
/// part.
Result<void> add_model(const JsonFields& fields, const JsonFields& outer, const ConfigType& type,
                       Json& row) {
  constexpr std::string_view k_tied = "tie_word_embeddings";
  FirstError read;
  std::uint32_t vocabulary = 0;
  std::uint32_t context = 0;
  bool tied = type.tied;
  read.take(config_size(fields, "vocab_size", type.vocabulary), vocabulary);
  read.take(config_size(fields, "max_position_embeddings", type.context), context);
  read.take_if_there(outer.optional_flag(k_tied), tied);
  read.take_if_there(fields.optional_flag(k_tied), tied);
  read.take_if_there(fields.optional_flag("tie_embedding"), tied);
  if (!read.ok()) return read.failure();
  row["vocabulary"] = vocabulary;
  row["trained_context"] = context;
  row["tied_embeddings"] = tied;
  return {};
}

/// What the architecture alone decides, under the catalogue's names.
void add_architecture(const ConfigType& type, Json& row) {
  std::string_view name = type.architecture;
  const bool recurrent = row.contains("recurrence") || row.contains("moe");
  if (!type.without_recurrence.empty() && !recurrent) name = type.without_recurrence;
  const ModelSpec known = architecture_spec(name).value_or(ModelSpec{});
  row["architecture"] = name;
  row["qkv_bias"] = known.bias.qkv;
  row["qk_norm"] = qk_norm_name(known.qk_norm);
  if (type.output_gate) row["output_gate"] = true;
}

/// The row that a contributor would write for the model.
Result<Json> catalogue_row(const JsonFields& fields, const JsonFields& outer,
                           const ConfigType& type, const std::string& source) {
  Json row;
  row["id"] = source;
  if (auto added = add_model(fields, outer, type, row); !added) return pass_on(added);
  if (auto added = add_heads(fields, type, row); !added) return pass_on(added);
  if (auto added = add_layers(fields, type, row); !added) return pass_on(added);
  if (auto added = add_ffn(fields, type, row); !added) return pass_on(added);
  if (auto added = add_shared_parts(fields, type, row); !added) return pass_on(added);
  const auto rotated = type.latent ? row["latent"]["rotated"] : row["head_dim"];
  auto rope = config_rope(fields, type, rotated.get<std::uint32_t>(),
                          row["trained_context"].get<std::uint32_t>());
  if (!rope) return pass_on(rope);
  if (type.latent) (*rope)["dims"] = rotated;
  row["rope"] = std::move(*rope);
  add_architecture(type, row);
  return row;
}

/// What else rows have, in their order: the shape takes its place in the middle.
Json with_unknown_facts(Json shape) {
  Json row{
      {"id", ""},           {"family", ""},       {"vendor", ""},          {"repository", ""},
      {"license", nullptr}, {"release", nullptr}, {"uses", Json::array()}, {"thinking", "unknown"}};
  for (auto& [key, value] : shape.items()) row[key] = std::move(value);
  row["published_parameters"] = nullptr;
  row["published_exact"] = false;
  row["inferred_fields"] = Json::array();
  row["sources"] = Json::array();
  return row;
}

/// The shape, under the catalogue's names.
Result<Json> shape_from_config(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields outer(*document, source);
  auto inner = outer.has("text_config") ? outer.object("text_config") : Result<JsonFields>(outer);
  if (!inner) return pass_on(inner);
  const auto model_type = inner->text("model_type");
  if (!model_type) return pass_on(model_type);
  const ConfigType* type = config_type(*model_type);
  if (type == nullptr) {
    const auto near = nearest_config_types(*model_type);
    return inner->refuse(
        "model_type",
        fmt::format("\"{}\" found ({}expected one of {})", printable(*model_type, 40),
                    near.empty() ? "" : fmt::format("did you mean {}? ", fmt::join(near, " or ")),
                    config_type_names()));
  }
  if (auto checked = refuse_what_differs(*inner, *type); !checked) return pass_on(checked);
  return catalogue_row(*inner, outer, *type, source);
}

/// A plan refuses what no engine could hold; a spec that has none is not handed out.
Result<ModelSpec> spec_of(const Json& shape, const std::string& source) {
  auto spec = catalogue_spec(JsonFields(shape, source));
  if (!spec) return pass_on(spec);
  if (auto plan = tensor_plan(*spec, Recipe::f16); !plan) return pass_on(plan);
  return spec;
}

}  // namespace

Result<ModelSpec> spec_from_config_json(std::string_view json, const std::string& source) {
  const auto shape = shape_from_config(json, source);
  if (!shape) return pass_on(shape);
  return spec_of(*shape, source);
}

Result<Json> catalogue_row_from_config_json(std::string_view json, const std::string& source) {
  auto shape = shape_from_config(json, source);
  if (!shape) return shape;
  if (auto spec = spec_of(*shape, source); !spec) return pass_on(spec);
  shape->erase("id");
  return with_unknown_facts(std::move(*shape));
}

}  // namespace assay
