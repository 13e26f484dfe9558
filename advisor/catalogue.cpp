#include "advisor/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "advisor/catalogue_spec.hpp"
#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "base/json.hpp"

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

Result<CatalogueEntry> entry_of(const JsonFields& row, const Json& shared_sources) {
  CatalogueEntry entry;
  FirstError read;
  read.take(catalogue_spec(row), entry.spec);
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
  const auto text = builtin_text(k_builtin);
  if (!text) return pass_on(text);
  return parse_catalogue(*text, std::string(k_builtin));
}

Result<Catalogue> parse_catalogue(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  if (const auto fits = require_schema(fields, k_schema); !fits) return pass_on(fits);
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
