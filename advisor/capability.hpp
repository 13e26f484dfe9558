#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// One score of one model in a published table. Only scores of the same table, benchmark, version
/// and mode can be compared: another harness gives the same model up to 30 points more or less.
struct PublishedScore {
  std::string model;  // id of the catalogue
  std::string table;
  std::string benchmark;
  std::string version;  // and shots
  std::string mode;     // "instruct", "thinking", "non-thinking", "unstated"
  double score = 0.0;   // 0 to 100
  bool by_its_vendor = false;
};

struct PublishedScores {
  std::vector<PublishedScore> scores;
  std::map<std::string, std::vector<std::string>, std::less<>> benchmarks_by_use;
};

/// What is compiled in (configs/capability/scores.json).
Result<PublishedScores> builtin_scores();
/// Errors: refused_input, naming the field.
Result<PublishedScores> parse_scores(std::string_view json, const std::string& source);

/// A model to be ranked.
struct Contestant {
  std::string id;
  double inferred = 0.0;  // by size and age (inferred_capability)
  bool thinks = false;    // is asked to think, so that its scores with thinking count
};

/// How capable a model is for a use, in log-odds: one more means that it solves a task with odds e
/// times as good.
struct Strength {
  double value = 0.0;
  std::uint32_t comparisons = 0;  // with other contestants, in the tables

  /// Enough comparisons to be called rated; else the value is mostly that of size and age.
  [[nodiscard]] bool is_rated() const { return comparisons >= k_fewest_comparisons; }

  static constexpr std::uint32_t k_fewest_comparisons = 5;
};

/// Strengths of the contestants, in their order, fitted to all comparisons of the use's benchmarks
/// and, weakly, to size and age (docs/method.md). A use without benchmarks of its own takes all.
std::vector<Strength> strengths(const PublishedScores& published, std::string_view use,
                                const std::vector<Contestant>& contestants);

}  // namespace assay
