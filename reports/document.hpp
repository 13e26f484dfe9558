#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "reports/assessment.hpp"

namespace assay {

/// The version of the result document that this program writes. Readers take every
/// "assay.result/1".
inline constexpr std::string_view k_result_schema = "assay.result/1";
/// JSON Schema of that version, below configs/.
inline constexpr std::string_view k_result_schema_file = "schema/result-1.schema.json";
/// No result document is larger: a full suite with all its samples is about 2 MB.
inline constexpr Bytes k_most_document_bytes = mebibytes(64);

/// The result document of an assessment (configs/schema/ describes it).
Json document_from(const Assessment& assessment);

/// The assessment that a document holds. Fields that this version does not know are ignored, and
/// statistics are derived again from their samples. Errors: refused_input, which names `source` and
/// the JSON pointer of the field; a newer major version is refused by name.
Result<Assessment> read_document(const Json& document, const std::string& source);
/// The same from text, with the limits of parse_json.
Result<Assessment> parse_document(std::string_view text, const std::string& source);
/// The same from a file of at most k_most_document_bytes.
Result<Assessment> read_document_file(const std::filesystem::path& path);

/// Something that is wrong with a document.
struct DocumentProblem {
  std::string pointer;  // JSON pointer, "" for the whole document
  std::string message;
};

/// All that is wrong with a document: fields that the reader would refuse (the first of each part),
/// and figures that contradict each other: a statistic and its samples, a rate above what the
/// machine's bandwidth allows, an unknown value without its reason. Empty for a sound document.
std::vector<DocumentProblem> check_document(const Json& document, const std::string& source);

}  // namespace assay
