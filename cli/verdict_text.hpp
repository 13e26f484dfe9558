#pragma once

#include <string>

#include "advisor/recommendation.hpp"
#include "advisor/verdict.hpp"
#include "base/fact.hpp"

namespace assay {

/// A verdict for people: the sentence, then a small table, then what would change it. `cold_load`
/// has a row when it is known: seconds to read the file from this machine's storage.
std::string verdict_text(const Verdict& verdict, const Fact<double>& cold_load);

/// A recommendation for people: the reason, then the first `top` of the ranking.
std::string recommendation_text(const Recommendation& recommendation, std::size_t top);

}  // namespace assay
