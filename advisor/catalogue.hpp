#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "reference-engine/model_spec.hpp"

namespace assay {

/// A published model: its shape, and what people choose by. What no source says is absent.
struct CatalogueEntry {
  std::string id;  // "qwen3-4b"
  std::string family;
  std::string vendor;
  std::optional<std::string> license;
  std::optional<std::string> release;  // "2025-04"
  std::string repository;              // where its weights are published
  std::vector<std::string> uses;       // tags: "chat", "code", "reasoning", "multilingual"
  std::string thinking;                // "none", "toggle", "always", "unknown"
  bool thinks = false;                 // answers after a chain of thought by default
  std::optional<std::uint64_t> published_parameters;
  bool published_exact = false;  // else rounded, or with parts that are not described here
  std::vector<std::string> inferred_fields;  // not sourced; marked wherever they are shown
  std::vector<std::string> sources;
  std::vector<std::string> notes;
  ModelSpec spec;
  bool engine_runs = false;  // the reference engine has this architecture
};

struct Catalogue {
  std::vector<CatalogueEntry> entries;
  [[nodiscard]] const CatalogueEntry* find(std::string_view id) const;
  [[nodiscard]] std::vector<std::string> ids() const;
};

/// Entries that pass a filter; an empty text passes everything. Case does not matter.
struct CatalogueFilter {
  std::string family;
  std::string use;
  std::string license;  // "unknown" where no source says
  std::string vendor;
  std::uint64_t least_parameters = 0;
  std::uint64_t most_parameters = std::numeric_limits<std::uint64_t>::max();
  std::optional<bool> engine_runs;
};
std::vector<const CatalogueEntry*> matching(const Catalogue& catalogue,
                                            const CatalogueFilter& filter);

/// The catalogue that is compiled in (configs/models/catalogue.json).
Result<Catalogue> builtin_catalogue();
Result<Catalogue> parse_catalogue(std::string_view json, const std::string& source);

/// A model's published config.json (Hugging Face) of a known model_type as a spec. Errors:
/// refused_input.
Result<ModelSpec> spec_from_config_json(std::string_view json, const std::string& source);
/// The same as a row of the catalogue: what the file does not say is null or empty, for a
/// contributor to fill in.
Result<Json> catalogue_row_from_config_json(std::string_view json, const std::string& source);

}  // namespace assay
