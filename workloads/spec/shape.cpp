#include "workloads/spec/shape.hpp"

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

struct Size {
  std::string_view key;
  std::uint32_t ModelSpec::* place;
};
constexpr Size k_sizes[] = {
    {"layers", &ModelSpec::layers},         {"d_model", &ModelSpec::d_model},
    {"heads", &ModelSpec::heads},           {"kv_heads", &ModelSpec::kv_heads},
    {"head_dim", &ModelSpec::head_dim},     {"d_ff", &ModelSpec::d_ff},
    {"vocabulary", &ModelSpec::vocabulary}, {"trained_context", &ModelSpec::trained_context},
};

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
  spec.qkv_bias = *bias;
  spec.qk_norm = *known;
  spec.norm_epsilon = static_cast<float>(*epsilon);
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
  for (const Size& size : k_sizes) {
    if (auto read = read_size(fields, size.key, shape.spec.*size.place); !read)
      return pass_on(read);
  }
  if (shape.spec.heads % shape.spec.kv_heads != 0) {
    return fields.refuse("kv_heads", "does not divide heads");
  }
  if (auto read = read_rope(fields, shape.spec.rope); !read) return pass_on(read);
  if (shape.spec.rope.dims > shape.spec.head_dim) {
    return fields.refuse("rope/dims", "more than head_dim");
  }
  if (auto read = read_experts(fields, shape.spec.moe); !read) return pass_on(read);
  if (auto read = read_details(fields, shape.spec); !read) return pass_on(read);
  return shape;
}

}  // namespace assay
