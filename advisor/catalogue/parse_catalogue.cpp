#include "advisor/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "advisor/catalogue/catalogue_spec.hpp"
#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/json/known_keys.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

constexpr std::string_view k_builtin = "models/catalogue.json";
constexpr std::string_view k_schema = "assay.catalogue/1";

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

Result<std::string> thinking_of(const JsonFields& row) {
  auto thinking = row.text("thinking");
  if (!thinking) return thinking;
  for (const std::string_view known : {"none", "toggle", "always", "unknown"}) {
    if (*thinking == known) return thinking;
  }
  return row.refuse("thinking", fmt::format("\"{}\" found (expected none, toggle, always or "
                                            "unknown)",
                                            printable(*thinking, 40)));
}

/// `inferred_fields` names some of these.
Result<void> check_row_keys(const JsonFields& row) {
  return only_known_keys(row, {"id",
                               "family",
                               "vendor",
                               "repository",
                               "license",
                               "release",
                               "uses",
                               "thinking",
                               "architecture",
                               "layers",
                               "d_model",
                               "heads",
                               "kv_heads",
                               "head_dim",
                               "d_ff",
                               "vocabulary",
                               "trained_context",
                               "tied_embeddings",
                               "qkv_bias",
                               "qk_norm",
                               "output_gate",
                               "norm_bias",
                               "norm_after",
                               "pattern",
                               "window",
                               "windowed_kv_heads",
                               "windowed_head_dim",
                               "layer_input",
                               "shared_cache",
                               "latent",
                               "gateless",
                               "streams",
                               "low_rank",
                               "moe",
                               "recurrence",
                               "rope",
                               "published_parameters",
                               "published_exact",
                               "inferred_fields",
                               "sources",
                               "notes"});
}

Result<CatalogueEntry> entry_of(const JsonFields& row, const Json& shared_sources) {
  if (auto known = check_row_keys(row); !known) return pass_on(known);
  CatalogueEntry entry;
  FirstError read;
  read.take(catalogue_spec(row), entry.spec);
  read.take(row.text("family"), entry.family);
  read.take(row.text("vendor"), entry.vendor);
  read.take(row.optional_text("license"), entry.license);
  read.take(row.optional_text("release"), entry.release);
  read.take(row.text("repository"), entry.repository);
  read.take(row.texts("uses"), entry.uses);
  read.take(thinking_of(row), entry.thinking);
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

bool passes_by_size(const CatalogueFilter& filter, const CatalogueEntry& entry) {
  const bool any = filter.least_parameters == 0 &&
                   filter.most_parameters == std::numeric_limits<std::uint64_t>::max();
  if (any) return true;
  const auto plan = tensor_plan(entry.spec, Recipe::f16);
  return plan && plan->parameters() >= filter.least_parameters &&
         plan->parameters() <= filter.most_parameters;
}

bool passes(const CatalogueFilter& filter, const CatalogueEntry& entry) {
  const bool for_use = filter.use.empty() || std::ranges::any_of(entry.uses, [&](const auto& use) {
                         return passes(filter.use, use);
                       });
  return for_use && passes(filter.family, entry.family) && passes(filter.vendor, entry.vendor) &&
         passes(filter.license, entry.license.value_or("unknown")) &&
         filter.engine_runs.value_or(entry.engine_runs) == entry.engine_runs &&
         passes_by_size(filter, entry);
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
    if (passes(filter, entry)) found.push_back(&entry);
  }
  return found;
}

Result<Catalogue> builtin_catalogue() {
  const auto text = builtin_text(k_builtin);
  if (!text) return pass_on(text);
  return parse_catalogue(*text, std::string(k_builtin));
}

Result<Catalogue> parse_catalogue(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  if (const auto fits = require_schema(fields, k_schema); !fits) return pass_on(fits);
  if (auto known = only_known_keys(fields, {"schema", "sources", "models"}); !known) {
    return pass_on(known);
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
