#include "advisor/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>
#include <utility>

#include "advisor/json/first_error.hpp"
#include "base/embedded.hpp"
#include "base/enum_table.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_builtin = "models/catalogue.json";
constexpr std::string_view k_schema = "assay.catalogue/1";

constexpr EnumTable<QkNorm, 3> k_qk_norms{{{
    {QkNorm::none, "none"},
    {QkNorm::per_head, "per_head"},
    {QkNorm::full, "full"},
}}};
constexpr EnumTable<RopeScaling, 3> k_rope_scalings{{{
    {RopeScaling::none, "none"},
    {RopeScaling::linear, "linear"},
    {RopeScaling::yarn, "yarn"},
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

Result<MoeSpec> moe_of(const JsonFields& fields, MoeSpec moe) {
  FirstError read;
  read.take(size_of(fields, "experts"), moe.experts);
  read.take(size_of(fields, "used"), moe.used);
  read.take(size_of(fields, "d_expert"), moe.d_expert);
  if (!read.ok()) return read.failure();
  if (moe.used > moe.experts) {
    return fields.refuse(
        "used", fmt::format("{} found (expected at most the {} experts)", moe.used, moe.experts));
  }
  return moe;
}

Result<ModelSpec> spec_of(const JsonFields& fields) {
  const auto architecture = fields.text("architecture");
  if (!architecture) return pass_on(architecture);
  ModelSpec spec = architecture_spec(*architecture).value_or(ModelSpec{});
  spec.architecture = *architecture;
  FirstError read;
  read.take(fields.text("id"), spec.name);
  std::uint32_t layers = 0;
  LayerSpec layer;
  AttentionSpec& attention = layer.attention;
  read.take(size_of(fields, "layers"), layers);
  read.take(size_of(fields, "d_model"), spec.d_model);
  read.take(size_of(fields, "heads"), attention.heads);
  read.take(size_of(fields, "kv_heads"), attention.kv_heads);
  read.take(size_of(fields, "head_dim"), attention.head_dim);
  read.take(size_of(fields, "vocabulary"), spec.vocabulary);
  read.take(size_of(fields, "trained_context"), spec.trained_context);
  read.take(fields.flag("tied_embeddings"), spec.tied_embeddings);
  read.take(fields.flag("qkv_bias"), spec.bias.qkv);
  read.take(choice_of(fields, "qk_norm", k_qk_norms), spec.qk_norm);
  if (!read.ok()) return read.failure();
  const auto rope = fields.object("rope");
  if (!rope) return pass_on(rope);
  read.take(rope_of(*rope, spec.rope(), attention.head_dim), spec.rope());
  if (fields.has("moe")) {
    const auto moe = fields.object("moe");
    if (!moe) return pass_on(moe);
    read.take(moe_of(*moe, spec.moe), spec.moe);
    layer = mixture_layer(attention);
  } else {
    read.take(size_of(fields, "d_ff"), layer.d_ff);
  }
  if (!read.ok()) return read.failure();
  if (attention.heads % attention.kv_heads != 0) {
    return fields.refuse("kv_heads", fmt::format("{} found (expected a divisor of the {} heads)",
                                                 attention.kv_heads, attention.heads));
  }
  if (layers > k_most_layers) {
    return fields.refuse("layers",
                         fmt::format("{} found (expected 1 to {})", layers, k_most_layers));
  }
  spec.layers = uniform_layers(layers, layer);
  return spec;
}

/// Sources of a row: a key of the document's `sources`, or the source itself.
Result<std::vector<std::string>> sources_of(const JsonFields& row, const Json& shared) {
  auto names = row.texts("sources");
  if (!names) return pass_on(names);
  if (names->empty()) return row.refuse("sources", "empty (expected where the facts come from)");
  for (std::string& name : *names) {
    const auto found = shared.find(name);
    if (found != shared.end() && found->is_string()) name = found->get<std::string>();
  }
  return names;
}

Result<CatalogueEntry> entry_of(const JsonFields& row, const Json& shared_sources) {
  CatalogueEntry entry;
  FirstError read;
  read.take(spec_of(row), entry.spec);
  read.take(row.text("family"), entry.family);
  read.take(row.text("vendor"), entry.vendor);
  read.take(row.optional_text("license"), entry.license);
  read.take(row.optional_text("release"), entry.release);
  read.take(row.text("repository"), entry.repository);
  read.take(row.texts("uses"), entry.uses);
  read.take(row.text("thinking"), entry.thinking);
  read.take(row.optional_count("published_parameters"), entry.published_parameters);
  read.take(row.flag("published_exact"), entry.published_exact);
  read.take(row.texts("inferred_fields"), entry.inferred_fields);
  read.take(sources_of(row, shared_sources), entry.sources);
  if (row.has("notes")) read.take(row.texts("notes"), entry.notes);
  if (!read.ok()) return read.failure();
  entry.id = entry.spec.name;
  entry.thinks = entry.thinking == "always";
  entry.engine_runs = architecture_spec(entry.spec.architecture).has_value();
  return entry;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char left, char right) {
    return std::tolower(static_cast<unsigned char>(left)) ==
           std::tolower(static_cast<unsigned char>(right));
  });
}

bool passes(std::string_view wanted, std::string_view value) {
  return wanted.empty() || same_ignoring_case(wanted, value);
}

}  // namespace

const CatalogueEntry* Catalogue::find(std::string_view id) const {
  for (const CatalogueEntry& entry : entries) {
    if (same_ignoring_case(entry.id, id)) return &entry;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::ids() const {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const CatalogueEntry& entry : entries) names.push_back(entry.id);
  return names;
}

std::vector<const CatalogueEntry*> matching(const Catalogue& catalogue,
                                            const CatalogueFilter& filter) {
  std::vector<const CatalogueEntry*> found;
  for (const CatalogueEntry& entry : catalogue.entries) {
    const bool for_use =
        filter.use.empty() || std::any_of(entry.uses.begin(), entry.uses.end(),
                                          [&](const auto& use) { return passes(filter.use, use); });
    if (for_use && passes(filter.family, entry.family) && passes(filter.vendor, entry.vendor) &&
        passes(filter.license, entry.license.value_or("unknown"))) {
      found.push_back(&entry);
    }
  }
  return found;
}

Result<Catalogue> builtin_catalogue() {
  const auto text = embedded_file(k_builtin);
  if (!text) {
    return fail(ErrorCode::internal, "the catalogue is not compiled in", std::string(k_builtin));
  }
  return parse_catalogue(*text, std::string(k_builtin));
}

Result<Catalogue> parse_catalogue(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  const auto schema = fields.text("schema");
  if (!schema) return pass_on(schema);
  if (*schema != k_schema) {
    return fields.refuse("schema", fmt::format("{} found (expected {})", *schema, k_schema));
  }
  const auto shared_sources = fields.object("sources");
  if (!shared_sources) return pass_on(shared_sources);
  const auto rows = fields.objects("models");
  if (!rows) return pass_on(rows);
  Catalogue catalogue;
  std::set<std::string> seen;
  for (const JsonFields& row : *rows) {
    auto entry = entry_of(row, shared_sources->json());
    if (!entry) return pass_on(entry);
    if (!seen.insert(entry->id).second) {
      return row.refuse("id", fmt::format("\"{}\" comes twice", entry->id));
    }
    catalogue.entries.push_back(std::move(*entry));
  }
  return catalogue;
}

}  // namespace assay
