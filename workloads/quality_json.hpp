#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "workloads/quality_result.hpp"

namespace assay {

/// The `quality` of a run in a document.
Json quality_to_json(const Quality& quality);
/// Errors: refused_input that names the document and the field.
Result<Quality> quality_from_json(const JsonFields& fields);

}  // namespace assay
