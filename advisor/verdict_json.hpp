#pragma once

#include <string>

#include "advisor/recommendation.hpp"
#include "advisor/verdict.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace assay {

/// The members of verdicts[], predictions[] and recommendation of the result document. Readers take
/// fields that they do not know as absent ones, and values of enumerations that they do not know as
/// unknown. Errors of readers: refused_input, naming the field.
Json estimate_to_json(const Estimate& estimate);
Result<Estimate> estimate_from_json(const JsonFields& fields);

Json verdict_to_json(const Verdict& verdict);
Result<Verdict> verdict_from_json(const JsonFields& fields);

/// A verdict's figures without the judgement: model, format, where they hold, rates and memory.
Json prediction_to_json(const Verdict& verdict);

Json recommendation_to_json(const Recommendation& recommendation);
Result<Recommendation> recommendation_from_json(const JsonFields& fields);

}  // namespace assay
