#include "workloads/spec/shape.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/enum_table.hpp"

namespace assay {
namespace {

constexpr EnumTable<RopePairs, 2> k_rope_pairs{
    {{{RopePairs::adjacent, "adjacent"}, {RopePairs::halves, "halves"}}}};
constexpr EnumTable<QkNorm, 3> k_qk_norms{
    {{{QkNorm::none, "none"}, {QkNorm::per_head, "per_head"}, {QkNorm::full, "full"}}}};

/// A size of a model: at least 1. Wider ones than any matrix of the field are refused.
Result<void> read_size(const JsonFields& fields, std::string_view key, std::uint32_t& into) {
  constexpr std::uint64_t k_most = 1U << 24;
  auto value = fields.count(key);
  if (!value) return pass_on(value);
  if (*value == 0 || *value > k_most) {
    return fields.refuse(
        key, std::to_string(*value) + " found (expected 1 to " + std::to_string(k_most) + ")");
  }
  into = static_cast<std::uint32_t>(*value);
  return {};
}

/// The layers of a shape are all alike.
Result<void> read_layers(const JsonFields& fields, ModelSpec& spec) {
  std::uint32_t layers = 0;
  LayerSpec layer;
  const std::pair<std::string_view, std::uint32_t*> sizes[] = {
      {"layers", &layers},
      {"d_model", &spec.d_model},
      {"heads", &layer.attention.heads},
      {"kv_heads", &layer.attention.kv_heads},
      {"head_dim", &layer.attention.head_dim},
      {"d_ff", &layer.d_ff},
      {"vocabulary", &spec.vocabulary},
      {"trained_context", &spec.trained_context},
  };
  for (const auto& [key, into] : sizes) {
    if (auto read = read_size(fields, key, *into); !read) return read;
  }
  if (layers > k_most_layers) {
    return fields.refuse("layers",
                         fmt::format("{} found (expected 1 to {})", layers, k_most_layers));
  }
  if (layer.attention.heads % layer.attention.kv_heads != 0) {
    return fields.refuse("kv_heads", "does not divide heads");
  }
  if (fields.has("moe")) {
    layer.ffn = Ffn::mixture;
    layer.d_ff = 0;
  }
  spec.layers = uniform_layers(layers, layer);
  return {};
}

Result<void> read_rope(const JsonFields& shape, RopeSpec& rope) {
  auto fields = shape.object("rope");
  if (!fields) return pass_on(fields);
  auto pairs = fields->text("pairs");
  if (!pairs) return pass_on(pairs);
  const auto known = k_rope_pairs.value(*pairs);
  if (!known) return fields->refuse("pairs", "\"" + *pairs + "\" (expected adjacent or halves)");
  rope.pairs = *known;
  if (auto read = read_size(*fields, "dims", rope.dims); !read) return read;
  auto base = fields->number("base");
  if (!base) return pass_on(base);
  if (*base <= 1.0) return fields->refuse("base", "not above 1");
  rope.base = static_cast<float>(*base);
  return {};
}

Result<void> read_experts(const JsonFields& shape, MoeSpec& moe) {
  if (!shape.has("moe")) return {};
  auto fields = shape.object("moe");
  if (!fields) return pass_on(fields);
  if (auto read = read_size(*fields, "experts", moe.experts); !read) return read;
  if (auto read = read_size(*fields, "used", moe.used); !read) return read;
  if (auto read = read_size(*fields, "d_expert", moe.d_expert); !read) return read;
  if (moe.used > moe.experts) return fields->refuse("used", "more than there are experts");
  auto normalise = fields->flag("normalise_weights");
  if (!normalise) return pass_on(normalise);
  moe.normalise_weights = *normalise;
  return {};
}

Result<void> read_details(const JsonFields& fields, ModelSpec& spec) {
  auto tied = fields.flag("tied_embeddings");
  if (!tied) return pass_on(tied);
  auto bias = fields.flag("qkv_bias");
  if (!bias) return pass_on(bias);
  auto norm = fields.text("qk_norm");
  if (!norm) return pass_on(norm);
  auto epsilon = fields.number("norm_epsilon");
  if (!epsilon) return pass_on(epsilon);
  const auto known = k_qk_norms.value(*norm);
  if (!known) return fields.refuse("qk_norm", "\"" + *norm + "\" (expected none, per_head, full)");
  spec.tied_embeddings = *tied;
  spec.bias.qkv = *bias;
  spec.qk_norm = *known;
  spec.norm.epsilon = static_cast<float>(*epsilon);
  return {};
}

}  // namespace

Result<SuiteShape> shape_from(const JsonFields& fields) {
  auto id = fields.text("id");
  if (!id) return pass_on(id);
  auto architecture = fields.text("architecture");
  if (!architecture) return pass_on(architecture);
  SuiteShape shape;
  shape.id = *id;
  shape.spec.name = std::move(*id);
  shape.spec.architecture = std::move(*architecture);
  if (auto read = read_layers(fields, shape.spec); !read) return pass_on(read);
  if (auto read = read_rope(fields, shape.spec.rope()); !read) return pass_on(read);
  if (shape.spec.rope().dims > shape.spec.layers.front().attention.head_dim) {
    return fields.refuse("rope/dims", "more than head_dim");
  }
  if (auto read = read_experts(fields, shape.spec.moe); !read) return pass_on(read);
  if (auto read = read_details(fields, shape.spec); !read) return pass_on(read);
  return shape;
}

}  // namespace assay
