#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "advisor/recommendation.hpp"
#include "advisor/verdict.hpp"
#include "base/fact.hpp"

namespace assay {

/// A paragraph at most `width` columns wide, every line after the first one indented; 0 is no
/// limit.
std::string wrapped(std::string_view text, std::size_t indent, unsigned width);

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
