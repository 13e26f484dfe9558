#pragma once

#include <string>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "reports/document.hpp"

namespace assay {

/// Refuses what is not a result document of this major version, by name.
Result<void> check_schema(const JsonFields& document);
Result<DocumentNotes> read_notes(const JsonFields& document);

/// One part of a document, read into an assessment. A list of parts, so that the reader stops at
/// the first problem and the checker goes on to the next part.
struct DocumentPart {
  std::string_view key;
  Result<void> (*read)(const JsonFields& document, const DocumentNotes& notes,
                       Assessment& assessment);
};
std::span<const DocumentPart> document_parts();

}  // namespace assay
