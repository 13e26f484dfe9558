#include "advisor/config_json/config_ffn.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "advisor/catalogue/row_sizes.hpp"
#include "advisor/config_json/config_fields.hpp"
#include "advisor/json/first_error.hpp"

namespace assay {
namespace {

constexpr std::string_view k_hidden = "intermediate_size";
constexpr std::string_view k_original_hidden = "block_ff_dim";  // LFM2's own files

/// Hidden layers of LFM2: the file's width, two thirds of it where the class says so, rounded up.
Result<std::uint64_t> hidden_width(const JsonFields& fields, std::string_view key) {
  FirstError read;
  std::uint64_t width = 0;
  const bool is_original = key == k_hidden && fields.has(k_original_hidden);
  read.take(config_size(fields, is_original ? k_original_hidden : key), width);
  bool adjusted = false;
  std::uint32_t multiple = 0;
  double factor = 1.0;
  read.take(config_flag(fields, "block_auto_adjust_ff_dim", false), adjusted);
  read.take(config_size(fields, "block_multiple_of", 256), multiple);
  read.take(config_number(fields, "block_ffn_dim_multiplier", 1.0), factor);
  if (!read.ok()) return read.failure();
  if (!adjusted) return width;
  if (!(factor > 0.0 && factor <= 16.0)) {
    return fields.refuse("block_ffn_dim_multiplier",
                         fmt::format("{} found (expected more than 0, at most 16)", factor));
  }
  const std::uint64_t two_thirds = 2 * width / 3;
  const auto scaled = static_cast<std::uint64_t>(factor * static_cast<double>(two_thirds));
  return (scaled + multiple - 1) / multiple * multiple;
}

Result<void> add_experts(const JsonFields& fields, const ExpertFields& names, std::uint64_t experts,
                         Json& row) {
  FirstError read;
  std::uint32_t used = 0;
  std::uint32_t width = 0;
  std::uint32_t shared_width = 0;
  std::uint32_t shared_count = 0;
  std::uint64_t dense_layers = 0;
  bool selection_bias = false;
  read.take(config_size(fields, names.used), used);
  read.take(config_size(fields, names.width), width);
  if (!names.shared_width.empty()) {
    read.take_if_there(size_if_there(fields, names.shared_width), shared_width);
  }
  if (!names.shared_count.empty()) {
    read.take_if_there(size_if_there(fields, names.shared_count), shared_count);
  }
  if (!names.dense_layers.empty()) {
    read.take_if_there(fields.optional_count(names.dense_layers), dense_layers);
  }
  const auto method = fields.optional_text("topk_method");
  if (!method) return pass_on(method);
  selection_bias = method->value_or("") == "noaux_tc";
  if (!read.ok()) return read.failure();
  Json& moe = row["moe"];
  moe = {{"experts", experts}, {"used", used}, {"d_expert", width}};
  const std::uint64_t shared = shared_width + std::uint64_t{shared_count} * width;
  if (shared > 0) moe["d_shared"] = shared;
  if (dense_layers > 0) moe["dense_layers"] = dense_layers;
  if (selection_bias) moe["selection_bias"] = true;
  return {};
}

}  // namespace

Result<void> add_ffn(const JsonFields& fields, const ConfigType& type, Json& row) {
  const ExpertFields& names = type.experts;
  std::uint64_t experts = 0;
  if (!names.count.empty()) {
    if (!names.optional) {
      const auto count = config_size(fields, names.count);
      if (!count) return pass_on(count);
      experts = *count;
    } else if (fields.has(names.count)) {
      const auto count = fields.count(names.count);
      if (!count) return pass_on(count);
      experts = *count;
    }
  }
  if (experts > 0) {
    auto added = add_experts(fields, names, experts, row);
    if (!added) return added;
    if (!row["moe"].contains("dense_layers")) return {};
  }
  // Granite's dense hybrids are those whose experts are none: the shared part is all there is.
  const bool shared_alone = experts == 0 && !type.without_recurrence.empty();
  const auto width = hidden_width(fields, shared_alone ? names.shared_width : k_hidden);
  if (!width) return pass_on(width);
  row["d_ff"] = *width;
  return {};
}

}  // namespace assay
