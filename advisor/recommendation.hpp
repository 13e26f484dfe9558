#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advisor/capability.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/verdict.hpp"

namespace assay {

/// One model of the ranking in the best format that is ok or better here.
struct Candidate {
  Verdict verdict;
  std::uint64_t parameters = 0;
  std::uint64_t active_parameters = 0;
  std::string release;  // "2025-04"; empty when no source says
  std::string family;
  double capability = 0.0;        // log-odds (advisor/capability.hpp)
  std::uint32_t comparisons = 0;  // with other models in published tables
  /// Too few of them: ranked mostly by size and age.
  bool capability_inferred = true;
  std::string reason;
};

/// "+1.2 of 14": the capability and the comparisons that it rests on; "~" before one that size and
/// age decide mostly.
std::string rating_figure(const Candidate& candidate);

/// Ranking of catalogue models for one use, best first, with the reason in words.
struct Recommendation {
  std::string use;
  std::vector<Candidate> ranking;  // ok or better, best first; each model once
  std::string reason;              // why the first, or why none
  std::uint64_t considered = 0;    // models made for the use
  std::uint64_t too_short = 0;     // left out of them: trained for less than the context asked for
};

struct RecommendOptions {
  std::string use = "chat";
  std::uint64_t context = 4096;
  bool context_was_asked = false;  // models that were trained for less are left out then
  unsigned threads = 1;
  CacheFormat cache = CacheFormat::f16;
  /// Models in no other; nothing: in the best of recipes_by_quality().
  std::optional<Recipe> recipe = {};
  bool on_gpu = false;                      // whole in a GPU's memory, in an engine that uses it
  const PublishedScores* scores = nullptr;  // nothing: all are ranked by size and age
};

/// Most capable first (published scores, size and age: docs/method.md), then the better format,
/// then the faster. Without a calibration nothing is recommended: a rate that nobody knows is not
/// ok.
Recommendation recommend(const Catalogue& catalogue, const std::optional<Calibration>& calibration,
                         const Fact<Bytes>& available_memory, const Policy& policy,
                         const RecommendOptions& options);

}  // namespace assay
