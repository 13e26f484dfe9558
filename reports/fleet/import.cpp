#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "reports/document.hpp"
#include "reports/fleet.hpp"
#include "reports/fleet/document_files.hpp"

namespace assay {
namespace {

constexpr std::size_t k_most_listed = 20;

/// Puts documents into a store and counts what becomes of them.
class Importer {
 public:
  explicit Importer(FleetStore& store) : store_(store) {}

  Result<void> take(std::string_view text, const std::string& source) {
    auto result = parse_document(text, source);
    if (!result) return skip(source, reason_of(result.error(), source));
    const auto added = store_.add(*result);
    if (!added && added.error().code == ErrorCode::refused_input && added.error().source.empty()) {
      return skip(source, added.error().message);
    }
    if (!added) return pass_on(added);
    ++summary_.documents;
    if (*added == FleetStore::Added::duplicate) {
      ++summary_.duplicates;
    } else {
      ++summary_.imported;
    }
    if (*added == FleetStore::Added::older) ++summary_.older;
    return {};
  }

  Result<void> skip(const std::string& source, const std::string& reason) {
    ++summary_.documents;
    ++summary_.skipped;
    if (summary_.first_skipped.size() < k_most_listed) {
      summary_.first_skipped.push_back({source, reason});
    }
    return store_.note_skipped(source, reason);
  }

  [[nodiscard]] ImportSummary summary() && { return std::move(summary_); }

 private:
  /// The message without the source, which stands beside it, and without the empty pointer of the
  /// whole document.
  static std::string reason_of(const Error& error, const std::string& source) {
    std::string text = error.text();
    for (const std::string& prefix : {source + ": ", std::string(": ")}) {
      if (text.starts_with(prefix)) text.erase(0, prefix.size());
    }
    return text;
  }

  FleetStore& store_;
  ImportSummary summary_;
};

}  // namespace

Result<ImportSummary> import_results(FleetStore& store,
                                     std::span<const std::filesystem::path> paths,
                                     const ImportOptions& options) {
  std::vector<std::filesystem::path> absolute;
  for (const std::filesystem::path& path : paths) {
    std::error_code error;
    std::filesystem::path place = std::filesystem::absolute(path, error).lexically_normal();
    if (!place.has_filename()) place = place.parent_path();  // "folder/" is "folder"
    absolute.push_back(std::move(place));
  }
  if (auto begun = store.begin(); !begun) return pass_on(begun);
  for (const std::filesystem::path& path : absolute) {
    if (auto forgot = store.forget_skipped(path.string()); !forgot) return pass_on(forgot);
  }
  Importer importer(store);
  const DocumentSink sink{
      .document = [&](std::string_view text,
                      const std::string& source) { return importer.take(text, source); },
      .unreadable = [&](const std::string& source,
                        const std::string& reason) { return importer.skip(source, reason); }};
  const auto walked = for_each_document(absolute, options.most_document_bytes, options.stop, sink);
  // What was read before an interruption is sound, and is kept.
  if (!walked && walked.error().code != ErrorCode::interrupted) {
    static_cast<void>(store.roll_back());
    return pass_on(walked);
  }
  if (auto committed = store.commit(); !committed) return pass_on(committed);
  if (!walked) return pass_on(walked);
  return std::move(importer).summary();
}

std::string import_text(const ImportSummary& summary) {
  std::string text = fmt::format("{} document{}: {} imported", summary.documents,
                                 summary.documents == 1 ? "" : "s", summary.imported);
  if (summary.older > 0) {
    text += fmt::format(" ({} older than what their machines had)", summary.older);
  }
  text += fmt::format(", {} known already, {} skipped\n", summary.duplicates, summary.skipped);
  for (const ImportSummary::Skipped& skipped : summary.first_skipped) {
    text += fmt::format("  skipped {}: {}\n", printable(skipped.source, 300),
                        printable(skipped.reason, 200));
  }
  if (summary.skipped > summary.first_skipped.size()) {
    text += fmt::format("  ... and {} more\n", summary.skipped - summary.first_skipped.size());
  }
  return text;
}

Json import_json(const ImportSummary& summary) {
  Json json;
  json["schema"] = "assay.fleet-import/1";
  json["documents"] = summary.documents;
  json["imported"] = summary.imported;
  json["older"] = summary.older;
  json["duplicates"] = summary.duplicates;
  json["skipped"] = summary.skipped;
  json["first_skipped"] = Json::array();
  for (const ImportSummary::Skipped& skipped : summary.first_skipped) {
    // Names of files need not be UTF-8, JSON texts must be.
    json["first_skipped"].push_back(
        {{"source", printable(skipped.source, 4096)}, {"reason", printable(skipped.reason, 1000)}});
  }
  return json;
}

}  // namespace assay
