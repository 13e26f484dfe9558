#include "advisor/config_json/config_attention.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "advisor/catalogue/row_sizes.hpp"
#include "advisor/config_json/config_fields.hpp"
#include "advisor/json/first_error.hpp"

namespace assay {
namespace {

/// Attention over a latent vector: one cached head of rank + rotated values.
Result<void> add_latent(const JsonFields& fields, Json& row) {
  auto latent = config_sizes(fields, {{"rank", "kv_lora_rank"},
                                      {"key", "qk_nope_head_dim"},
                                      {"rotated", "qk_rope_head_dim"},
                                      {"value", "v_head_dim"}});
  const auto query_rank = size_if_there(fields, "q_lora_rank");
  if (!latent) return pass_on(latent);
  if (!query_rank) return pass_on(query_rank);
  if (*query_rank) (*latent)["query_rank"] = **query_rank;
  row["kv_heads"] = 1U;  // signed numbers are no sizes
  row["head_dim"] =
      (*latent)["rank"].get<std::uint64_t>() + (*latent)["rotated"].get<std::uint64_t>();
  row["latent"] = std::move(*latent);
  return {};
}

}  // namespace

Result<void> add_heads(const JsonFields& fields, const ConfigType& type, Json& row) {
  FirstError read;
  std::uint32_t width = 0;
  std::uint32_t heads = 0;
  read.take(config_size(fields, "hidden_size"), width);
  read.take(config_size(fields, "num_attention_heads", type.heads), heads);
  if (!read.ok()) return read.failure();
  row["d_model"] = width;
  row["heads"] = heads;
  if (type.latent) return add_latent(fields, row);
  std::uint32_t kv_heads = type.kv_heads != 0 ? type.kv_heads : heads;
  std::uint32_t head_dim = type.head_dim != 0 ? type.head_dim : width / heads;
  read.take_if_there(size_if_there(fields, "num_key_value_heads"), kv_heads);
  read.take_if_there(size_if_there(fields, "head_dim"), head_dim);
  if (!read.ok()) return read.failure();
  if (heads % kv_heads != 0) {
    return fields.refuse(
        "num_key_value_heads",
        fmt::format("{} found (expected a divisor of the {} heads)", kv_heads, heads));
  }
  row["kv_heads"] = kv_heads;
  row["head_dim"] = head_dim;
  if (type.full_head_dim == 0) return {};
  std::uint32_t full_kv_heads = kv_heads;
  read.take(config_size(fields, "global_head_dim", type.full_head_dim), row["head_dim"]);
  read.take_if_there(size_if_there(fields, "num_global_key_value_heads"), full_kv_heads);
  if (!read.ok()) return read.failure();
  row["windowed_head_dim"] = head_dim;
  row["windowed_kv_heads"] = kv_heads;
  row["kv_heads"] = full_kv_heads;
  return {};
}

Result<void> add_shared_parts(const JsonFields& fields, const ConfigType& type, Json& row) {
  if (type.full_head_dim == 0) return {};
  const auto shared = fields.optional_count("num_kv_shared_layers");
  if (!shared) return pass_on(shared);
  const auto wide = config_flag(fields, "use_double_wide_mlp", false);
  if (!wide) return pass_on(wide);
  if (shared->value_or(0) > 0) {
    row["shared_cache"] = {{"layers", **shared}, {"idle_matrices", true}};
    if (*wide && row.contains("d_ff")) {
      row["shared_cache"]["d_ff"] = 2 * row["d_ff"].get<std::uint64_t>();
    }
  }
  constexpr std::string_view k_input = "hidden_size_per_layer_input";
  const auto input = fields.optional_count(k_input);
  if (!input) return pass_on(input);
  const std::uint64_t width = input->value_or(type.layer_input);
  if (width > 0) row["layer_input"] = width;
  return {};
}

}  // namespace assay
