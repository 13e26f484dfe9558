#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

/// What becomes of one document or unreadable file. An error ends the walk.
struct DocumentSink {
  std::function<Result<void>(std::string_view text, const std::string& source)> document;
  std::function<Result<void>(const std::string& source, const std::string& reason)> unreadable;
};

/// Hands over the texts of all documents below `paths`, files of a folder sorted by name: a JSON
/// file is one, each line of a JSON Lines file is one (its source is FILE:LINE). In folders only
/// names that end in .json, .jsonl or .ndjson count and hidden ones do not; links to folders are
/// not followed. One document is in memory at a time, at most `limit` of it. Errors: refused_input
/// for a path that does not exist; interrupted; what the sink returns.
Result<void> for_each_document(std::span<const std::filesystem::path> paths, Bytes limit,
                               const std::stop_token& stop, const DocumentSink& sink);

}  // namespace assay
