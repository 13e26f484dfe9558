#pragma once

#include <string>

#include "advisor/recommendation.hpp"
#include "advisor/verdict.hpp"
#include "base/fact.hpp"

namespace assay {

/// A verdict for people: the sentence, then a small table, then what would change it, in lines of
/// at most `width` columns (0: of any length). `cold_load`: seconds to read the file from this
/// machine's storage.
std::string verdict_text(const Verdict& verdict, const Policy& policy,
                         const Fact<double>& cold_load, unsigned width);

/// What each format of the weights, and each type of cache, makes of the verdict: a table.
std::string formats_text(const Verdict& verdict);

/// A recommendation for people: the reason, then the first `top` of the ranking.
std::string recommendation_text(const Recommendation& recommendation, std::size_t top);

}  // namespace assay
