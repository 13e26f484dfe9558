#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "reports/assessment.hpp"

namespace assay {

enum class ComparisonVerdict { faster, slower, no_difference, cannot_tell };
std::string_view comparison_verdict_name(ComparisonVerdict verdict);

/// What is compared. Rates in tokens per second, the first token in seconds.
enum class ComparedMetric { decode, prefill, first_token };
std::string_view compared_metric_name(ComparedMetric metric);
std::optional<ComparedMetric> compared_metric_from_name(std::string_view name);
std::vector<std::string> compared_metric_names();

struct CompareOptions {
  /// Smallest relative change of the median that counts. Two documents are two sessions, never
  /// interleaved pairs, so the 2 % of a paired comparison is not enough: docs/method.md has the
  /// simulation behind 3 %.
  double threshold_ratio = 0.03;
  /// Chance that any of the comparisons of one command is called though nothing changed, before the
  /// threshold makes it smaller still (Holm's correction over all of them).
  double significance = 0.025;
  std::vector<ComparedMetric> metrics;  // empty: all
};

/// What makes two runs the same measurement; the instruction set may differ, and is told then.
struct CellKey {
  std::string workload;
  std::string model;
  std::string format;
  std::uint32_t layers = 0;  // of a slice; 0 for the whole model
  unsigned threads = 0;
  std::string cache_type;
  std::uint32_t context_depth = 0;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  auto operator<=>(const CellKey&) const = default;
};
/// "tg32 dense-1b (4 layers) Q4_K_M, 2 threads"
std::string cell_label(const CellKey& key);

/// One metric of one cell, or (`key` absent) of all common cells together.
struct ComparedCell {
  std::optional<CellKey> key;
  ComparedMetric metric = ComparedMetric::decode;
  std::size_t base_samples = 0, new_samples = 0;
  double base_median = 0.0, new_median = 0.0;  // 0 for all cells together
  double ratio = 1.0;             // new / base; the geometric mean for all cells together
  double threshold_ratio = 0.0;   // the option, or twice the noise of these medians if that is more
  double p_value = 1.0;           // two-sided
  double adjusted_p_value = 1.0;  // Holm
  ComparisonVerdict verdict = ComparisonVerdict::no_difference;
  std::string reason;    // why it cannot be told, or what else to know
  bool invalid = false;  // one of the runs is not valid
};

/// BASE against one NEW document.
struct ComparedDocument {
  std::string run_id;
  std::string started_at;
  std::vector<ComparedCell> cells;
  std::vector<std::string> only_in_base, only_in_new;  // cell labels
  std::vector<std::string> notes;                      // other machine, other build, noisy runs
  ComparisonVerdict verdict = ComparisonVerdict::cannot_tell;
  std::string why;  // one sentence
};

struct Comparison {
  std::string base_run_id;
  std::string base_started_at;
  double threshold_ratio = 0.0;
  double significance = 0.0;
  std::vector<ComparedDocument> documents;
  /// Slower if any document is, else cannot tell if any is so, else faster if any is.
  ComparisonVerdict verdict = ComparisonVerdict::cannot_tell;
};

/// Compares the runs of `base` with those of each of `news` by workload, model, format, threads,
/// cache, depth and token counts: Mann-Whitney over all samples, a threshold on the medians, Holm's
/// correction over everything compared. Runs of the same cell in one document are pooled.
Comparison compare_results(const Assessment& base, std::span<const Assessment> news,
                           const CompareOptions& options);

Json comparison_json(const Comparison& comparison);
std::string comparison_text(const Comparison& comparison, bool color);

}  // namespace assay
