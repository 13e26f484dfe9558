#pragma once

#include <string>

#include "advisor/recommendation.hpp"
#include "advisor/verdict.hpp"

namespace assay {

/// A verdict for people: the sentence, then a small table, then what would change it.
std::string verdict_text(const Verdict& verdict);

/// A recommendation for people: the reason, then the first `top` of the ranking.
std::string recommendation_text(const Recommendation& recommendation, std::size_t top);

}  // namespace assay
