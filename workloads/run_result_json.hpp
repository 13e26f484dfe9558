#pragma once

#include <string>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "workloads/run_result.hpp"

namespace assay {

/// `{median, mad, ci95: [low, high] | null, min, max, n, samples}`.
Json statistic_to_json(const Statistic& statistic);
/// Everything is derived again from `samples`. Errors: refused_input for none, or one that is not
/// finite.
Result<Statistic> statistic_from_json(const JsonFields& fields);

/// One element of `runs[]` of a result document. `pointer` is where it stands ("/runs/0"); what is
/// unknown becomes null, with its reason in `notes`.
Json run_to_json(const RunResult& run, const std::string& pointer, DocumentNotes& notes);
/// The run that a document holds. Errors: refused_input, which names the field.
Result<RunResult> run_from_json(const JsonFields& fields, const std::string& pointer,
                                const DocumentNotes& notes);

}  // namespace assay
