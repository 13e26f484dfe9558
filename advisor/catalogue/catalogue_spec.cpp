#include "advisor/catalogue/catalogue_spec.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/catalogue/catalogue_layers.hpp"
#include "advisor/catalogue/row_sizes.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/json/known_keys.hpp"
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
  if (auto known = only_known_keys(fields, {"base", "dims", "windowed_base", "frequency_factors",
                                            "scaling", "factor", "original_context"});
      !known) {
    return pass_on(known);
  }
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
  if (auto known = only_known_keys(
          fields, {"experts", "used", "d_expert", "d_shared", "dense_layers", "selection_bias"});
      !known) {
    return pass_on(known);
  }
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
  if (auto known =
          only_known_keys(fields, {"taps", "heads", "head_dim", "state", "groups", "norm"});
      !known) {
    return pass_on(known);
  }
  RecurrenceSpec recurrence;
  FirstError read;
  read.take(size_of(fields, "taps"), recurrence.taps);
  read.take_if_there(size_if_there(fields, "heads"), recurrence.heads);
  read.take_if_there(size_if_there(fields, "head_dim"), recurrence.head_dim);
  read.take_if_there(size_if_there(fields, "state"), recurrence.state);
  read.take_if_there(size_if_there(fields, "groups"), recurrence.groups);
  read.take_if_there(fields.optional_flag("norm"), recurrence.norm);
  if (!read.ok()) return read.failure();
  return recurrence;
}

Result<LatentSpec> latent_of(const JsonFields& fields) {
  if (auto known = only_known_keys(fields, {"rank", "query_rank", "key", "rotated", "value"});
      !known) {
    return pass_on(known);
  }
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
  read.take_if_there(row.optional_flag("gateless"), spec.described.gateless);
  read.take_if_there(size_if_there(row, "streams"), spec.described.streams);
  read.take_if_there(size_if_there(row, "low_rank"), spec.described.low_rank);
}

}  // namespace

std::string_view qk_norm_name(QkNorm norm) { return k_qk_norms.name(norm); }

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
