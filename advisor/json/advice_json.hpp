#pragma once

#include "advisor/verdict.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace assay {

/// What `answer` adds to a verdict: `changes`, `largest_context`, and where they were asked for
/// `formats` and `running_cost`.
void put_advice(Json& json, const Verdict& verdict);
/// The same from a document; what it lacks stays empty. Errors: refused_input, naming the field.
Result<void> take_advice(const JsonFields& fields, Verdict& verdict);

}  // namespace assay
