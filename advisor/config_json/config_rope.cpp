#include "advisor/config_json/config_rope.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/catalogue/row_sizes.hpp"
#include "advisor/config_json/config_fields.hpp"
#include "advisor/json/first_error.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_full = "full_attention";
constexpr std::string_view k_windowed = "sliding_attention";

/// How the context is extended, added to `rope`. `top` is the file, which has the first context of
/// some kinds.
Result<void> add_scaling(const JsonFields& scaling, const JsonFields& top, std::uint32_t context,
                         Json& rope) {
  const std::string_view key = scaling.has("rope_type") ? "rope_type" : "type";
  const auto type = scaling.optional_text(key);
  if (!type) return pass_on(type);
  const std::string kind = type->value_or("default");
  if (kind == "default" || kind == "mrope") return {};  // mrope: text alone is rotated as usual
  if (kind == "llama3" || kind == "proportional") {
    rope["frequency_factors"] = true;
    return {};
  }
  const bool is_longrope = kind == "longrope" || kind == "su";
  if (!is_longrope && kind != "linear" && kind != "yarn") {
    return scaling.refuse(key, fmt::format("\"{}\" found (expected default, linear, yarn, "
                                           "longrope, llama3 or proportional)",
                                           printable(kind, 40)));
  }
  constexpr std::string_view k_original = "original_max_position_embeddings";
  std::uint32_t original = context;
  double factor = 1.0;
  FirstError read;
  read.take_if_there(size_if_there(top, k_original), original);
  read.take_if_there(size_if_there(scaling, k_original), original);
  read.take(config_number(scaling, "factor", static_cast<double>(context) / original), factor);
  if (!read.ok()) return read.failure();
  rope["scaling"] = is_longrope ? "longrope" : kind;
  rope["factor"] = factor;
  rope["original_context"] = original;
  return {};
}

Result<void> add_base(const JsonFields& fields, std::string_view key, std::string_view name,
                      Json& rope) {
  const auto base = fields.optional_number(key);
  if (!base) return pass_on(base);
  if (*base) rope[std::string(name)] = **base;
  return {};
}

/// One set of parameters: base and extension.
Result<void> add_parameters(const JsonFields& parameters, const JsonFields& top,
                            std::uint32_t context, Json& rope, double& share) {
  FirstError read;
  read.take_if_there(parameters.optional_number("partial_rotary_factor"), share);
  if (!read.ok()) return read.failure();
  if (auto done = add_base(parameters, "rope_theta", "base", rope); !done) return pass_on(done);
  return add_scaling(parameters, top, context, rope);
}

/// `rope_parameters`: one set, or one for each kind of layer.
Result<void> add_all_parameters(const JsonFields& all, const JsonFields& top, std::uint32_t context,
                                Json& rope, double& share) {
  if (!all.has(k_full)) return add_parameters(all, top, context, rope, share);
  const auto full = all.object(k_full);
  if (!full) return pass_on(full);
  if (all.has(k_windowed)) {
    const auto windowed = all.object(k_windowed);
    if (!windowed) return pass_on(windowed);
    if (auto done = add_base(*windowed, "rope_theta", "windowed_base", rope); !done) return done;
  }
  return add_parameters(*full, top, context, rope, share);
}

}  // namespace

Result<Json> config_rope(const JsonFields& fields, const ConfigType& type, std::uint32_t head_dim,
                         std::uint32_t context) {
  Json rope{{"base", nullptr}};
  if (type.windowed_base > 0.0) rope["windowed_base"] = type.windowed_base;
  double share = type.rotated_share;
  for (const auto& [key, name] :
       {std::pair{"rope_theta", "base"}, std::pair{"rope_local_base_freq", "windowed_base"}}) {
    if (auto done = add_base(fields, key, name, rope); !done) return pass_on(done);
  }
  FirstError read;
  read.take_if_there(fields.optional_number("partial_rotary_factor"), share);
  if (!read.ok()) return read.failure();
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    if (!fields.has(key)) continue;
    const auto parameters = fields.object(key);
    if (!parameters) return pass_on(parameters);
    auto done = add_all_parameters(*parameters, fields, context, rope, share);
    if (!done) return pass_on(done);
  }
  if (!(share > 0.0 && share <= 1.0)) {
    return fields.refuse("partial_rotary_factor",
                         fmt::format("{} found (expected more than 0, at most 1)", share));
  }
  // A frequency-scaled part counts as rotated: its frequencies are nought.
  const bool all = rope.contains("frequency_factors") || share == 1.0;
  if (!all) rope["dims"] = static_cast<std::uint32_t>(std::lround(share * head_dim));
  return rope;
}

}  // namespace assay
