#include "reports/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/enum_table.hpp"
#include "base/text.hpp"
#include "reports/compare/rank_test.hpp"
#include "workloads/statistic.hpp"

namespace assay {
namespace {

constexpr EnumTable<ComparisonVerdict, 4> k_verdicts{
    {{{ComparisonVerdict::faster, "faster"},
      {ComparisonVerdict::slower, "slower"},
      {ComparisonVerdict::no_difference, "no difference"},
      {ComparisonVerdict::cannot_tell, "cannot tell"}}}};

constexpr EnumTable<ComparedMetric, 3> k_metrics{{{{ComparedMetric::decode, "decode"},
                                                   {ComparedMetric::prefill, "prefill"},
                                                   {ComparedMetric::first_token, "first_token"}}}};

/// All runs of one cell in one document.
struct CellRuns {
  std::array<std::vector<double>, k_metrics.rows.size()> samples;
  std::string isa;
  std::string numerics;
  std::string not_valid;  // why
  bool noisy = false;
};

using Cells = std::map<CellKey, CellRuns>;

CellKey key_of(const RunResult& run) {
  return CellKey{.workload = run.workload,
                 .model = run.model.id,
                 .format = run.model.format,
                 .layers = run.model.is_slice ? run.model.layers : 0,
                 .threads = run.engine.threads,
                 .cache_type = run.cache_type,
                 .context_depth = run.context_depth,
                 .prompt_tokens = run.prompt_tokens,
                 .generated_tokens = run.generated_tokens};
}

std::size_t index_of(ComparedMetric metric) { return static_cast<std::size_t>(metric); }

void append(std::vector<double>& samples, const std::optional<Statistic>& statistic) {
  if (!statistic) return;
  for (const double sample : statistic->samples) {
    if (std::isfinite(sample) && sample > 0.0) samples.push_back(sample);
  }
}

Cells cells_of(const Assessment& assessment) {
  Cells cells;
  for (const RunResult& run : assessment.runs) {
    CellRuns& cell = cells[key_of(run)];
    append(cell.samples[index_of(ComparedMetric::decode)], run.decode_tokens_per_second);
    append(cell.samples[index_of(ComparedMetric::prefill)], run.prefill_tokens_per_second);
    append(cell.samples[index_of(ComparedMetric::first_token)], run.time_to_first_token_seconds);
    cell.isa = run.engine.isa;
    cell.numerics = run.engine.numerics;
    if (run.validity == Validity::invalid) {
      cell.not_valid = run.reasons.empty() ? "no reason given" : run.reasons.front();
    }
    if (run.validity == Validity::noisy || run.validity == Validity::unstable) cell.noisy = true;
  }
  return cells;
}

/// Standard error of the median, relative to it, from the spread of the samples about it.
double median_noise(const Statistic& statistic) {
  // For a normal spread: sigma = 1.4826 MAD, and the median's error is sqrt(pi / 2) sigma / sqrt n.
  constexpr double k_factor = 1.4826 * 1.2533;
  return k_factor * statistic.mad / statistic.median /
         std::sqrt(static_cast<double>(statistic.samples.size()));
}

/// A row on its way to a verdict.
struct PendingRow {
  ComparedCell cell;
  std::size_t document = 0;
  RankSum ranks;
  double noise = 0.0;         // of the difference of the medians
  double smallest_p = 1.0;    // that its sample sizes can reach
  bool same_samples = false;  // not one sample differs
};

std::string engine_remark(const CellRuns& base, const CellRuns& fresh) {
  std::string remark;
  if (base.isa != fresh.isa) {
    remark =
        fmt::format("instructions differ: {} -> {}", printable(base.isa), printable(fresh.isa));
  }
  if (base.numerics != fresh.numerics) {
    remark += fmt::format("{}numerics differ: {} -> {}", remark.empty() ? "" : "; ",
                          printable(base.numerics), printable(fresh.numerics));
  }
  return remark;
}

PendingRow measure_cell(const CellKey& key, ComparedMetric metric, const CellRuns& base,
                        const CellRuns& fresh, double threshold) {
  const std::vector<double>& before = base.samples[index_of(metric)];
  const std::vector<double>& after = fresh.samples[index_of(metric)];
  const Statistic old_statistic = describe(before);
  const Statistic new_statistic = describe(after);
  PendingRow row;
  row.ranks = rank_sum(before, after);
  row.noise = std::hypot(median_noise(old_statistic), median_noise(new_statistic));
  row.smallest_p = smallest_mann_whitney_p(before.size(), after.size());
  row.same_samples = before == after;
  row.cell = ComparedCell{.key = key,
                          .metric = metric,
                          .base_samples = before.size(),
                          .new_samples = after.size(),
                          .base_median = old_statistic.median,
                          .new_median = new_statistic.median,
                          .ratio = new_statistic.median / old_statistic.median,
                          .threshold_ratio = std::max(threshold, 2.0 * row.noise),
                          .p_value = mann_whitney_p(row.ranks),
                          .reason = engine_remark(base, fresh)};
  for (const auto& [side, name] : {std::pair(&base, "base"), std::pair(&fresh, "new")}) {
    if (side->not_valid.empty()) continue;
    row.cell.invalid = true;
    row.cell.reason = fmt::format("{} is not valid: {}", name, printable(side->not_valid));
  }
  return row;
}

/// A cell that a side has no samples of because its run is not valid: such a run keeps no speeds.
/// Nothing where that is not so, or where the workload has no such metric.
std::optional<PendingRow> lost_cell(const CellKey& key, ComparedMetric metric, const CellRuns& base,
                                    const CellRuns& fresh) {
  const std::vector<double>& before = base.samples[index_of(metric)];
  const std::vector<double>& after = fresh.samples[index_of(metric)];
  const bool has_metric =
      metric == ComparedMetric::decode ? key.generated_tokens > 0 : key.prompt_tokens > 0;
  if (!has_metric || (!before.empty() && !after.empty())) return std::nullopt;
  const CellRuns& lost = before.empty() ? base : fresh;
  if (lost.not_valid.empty()) return std::nullopt;
  PendingRow row;
  row.cell =
      ComparedCell{.key = key,
                   .metric = metric,
                   .base_samples = before.size(),
                   .new_samples = after.size(),
                   .base_median = before.empty() ? 0.0 : describe(before).median,
                   .new_median = after.empty() ? 0.0 : describe(after).median,
                   .reason = fmt::format("{} is not valid: {}", before.empty() ? "base" : "new",
                                         printable(lost.not_valid)),
                   .invalid = true};
  return row;
}

/// All valid cells of one metric as one row; nothing when there are fewer than two.
std::optional<PendingRow> measure_together(std::span<const PendingRow> rows, ComparedMetric metric,
                                           double threshold) {
  std::vector<RankSum> strata;
  PendingRow all;
  all.same_samples = true;
  double log_ratio = 0.0;
  double variance = 0.0;
  for (const PendingRow& row : rows) {
    if (row.cell.metric != metric || row.cell.invalid) continue;
    strata.push_back(row.ranks);
    all.cell.base_samples += row.cell.base_samples;
    all.cell.new_samples += row.cell.new_samples;
    all.same_samples = all.same_samples && row.same_samples;
    log_ratio += std::log(row.cell.ratio);
    variance += row.noise * row.noise;
  }
  if (strata.size() < 2) return std::nullopt;
  const auto count = static_cast<double>(strata.size());
  all.noise = std::sqrt(variance) / count;
  all.smallest_p = smallest_stratified_p(strata);
  all.cell.metric = metric;
  all.cell.ratio = std::exp(log_ratio / count);
  all.cell.threshold_ratio = std::max(threshold, 2.0 * all.noise);
  all.cell.p_value = stratified_p(strata);
  return all;
}

ComparisonVerdict direction(const ComparedCell& cell) {
  const bool higher_is_better = cell.metric != ComparedMetric::first_token;
  return (cell.ratio > 1.0) == higher_is_better ? ComparisonVerdict::faster
                                                : ComparisonVerdict::slower;
}

/// Gives every row its adjusted p and its verdict; `rows` is the family that Holm's correction is
/// over.
void judge_rows(std::vector<PendingRow>& rows, double significance) {
  std::vector<double> p_values;
  for (const PendingRow& row : rows) {
    if (!row.cell.invalid) p_values.push_back(row.cell.p_value);
  }
  const std::vector<double> adjusted = adjust_holm(p_values);
  std::vector<double> sorted = p_values;
  std::sort(sorted.begin(), sorted.end());
  std::size_t at = 0;
  for (PendingRow& row : rows) {
    ComparedCell& cell = row.cell;
    if (cell.invalid) {
      cell.verdict = ComparisonVerdict::cannot_tell;
      continue;
    }
    cell.adjusted_p_value = adjusted[at++];
    // What Holm would multiply this row's smallest possible p by.
    const auto smaller = std::lower_bound(sorted.begin(), sorted.end(), row.smallest_p);
    const auto factor =
        static_cast<double>(std::max<std::ptrdiff_t>(1, std::distance(smaller, sorted.end())));
    if (cell.adjusted_p_value <= significance &&
        std::abs(cell.ratio - 1.0) > cell.threshold_ratio) {
      cell.verdict = direction(cell);
    } else if (!row.same_samples && row.smallest_p * factor > significance) {
      cell.verdict = ComparisonVerdict::cannot_tell;
      const std::size_t needed = samples_to_reach(significance / factor);
      cell.reason =
          fmt::format("too few samples for {} comparisons: {}+{}, {}+{} would do", p_values.size(),
                      cell.base_samples, cell.new_samples, needed, needed);
    } else {
      cell.verdict = ComparisonVerdict::no_difference;
    }
  }
}

void collect_rows(const Cells& base, const Cells& fresh, const CompareOptions& options,
                  std::size_t document, std::vector<PendingRow>& rows) {
  std::vector<PendingRow> own;
  std::vector<PendingRow> together;
  for (const auto& [metric, name] : k_metrics.rows) {
    if (!options.metrics.empty() && std::find(options.metrics.begin(), options.metrics.end(),
                                              metric) == options.metrics.end()) {
      continue;
    }
    for (const auto& [key, runs] : base) {
      const auto match = fresh.find(key);
      if (match == fresh.end()) continue;
      if (runs.samples[index_of(metric)].empty() ||
          match->second.samples[index_of(metric)].empty()) {
        if (auto lost = lost_cell(key, metric, runs, match->second))
          own.push_back(std::move(*lost));
        continue;
      }
      own.push_back(measure_cell(key, metric, runs, match->second, options.threshold_ratio));
    }
    if (auto all = measure_together(own, metric, options.threshold_ratio)) {
      together.push_back(std::move(*all));
    }
  }
  for (auto* part : {&own, &together}) {
    for (PendingRow& row : *part) {
      row.document = document;
      rows.push_back(std::move(row));
    }
  }
}

std::vector<std::string> missing_cells(const Cells& from, const Cells& in) {
  std::vector<std::string> labels;
  for (const auto& [key, runs] : from) {
    if (!in.contains(key)) labels.push_back(cell_label(key));
  }
  return labels;
}

std::vector<std::string> notes_of(const Assessment& base, const Assessment& fresh,
                                  const Cells& base_cells, const Cells& new_cells) {
  std::vector<std::string> notes;
  if (!base.run_id.empty() && base.run_id == fresh.run_id) {
    notes.emplace_back("both carry the same run id");
  } else {
    notes.emplace_back("not paired: two sessions, so slow changes of the machine count as changes");
  }
  const auto machine = [](const Assessment& one) {
    return one.machine ? one.machine->id : std::string();
  };
  if (machine(base) != machine(fresh)) notes.emplace_back("the machines differ");
  if (base.tool.revision != fresh.tool.revision || base.tool.version != fresh.tool.version) {
    notes.push_back(fmt::format("the program differs: {} ({}) -> {} ({})",
                                printable(base.tool.version), printable(base.tool.revision),
                                printable(fresh.tool.version), printable(fresh.tool.revision)));
  }
  std::size_t noisy = 0;
  for (const Cells* cells : {&base_cells, &new_cells}) {
    for (const auto& [key, runs] : *cells) noisy += runs.noisy ? 1 : 0;
  }
  if (noisy > 0) notes.push_back(fmt::format("{} of the runs are noisy or unstable", noisy));
  if (base.partial || fresh.partial) notes.emplace_back("a run was interrupted before its end");
  return notes;
}

/// A cell that has too few samples is no gap when all cells of its metric together could be told.
bool covered(const ComparedDocument& document, const ComparedCell& cell) {
  return std::any_of(document.cells.begin(), document.cells.end(), [&](const ComparedCell& other) {
    return !other.key && other.metric == cell.metric &&
           other.verdict != ComparisonVerdict::cannot_tell;
  });
}

void conclude(ComparedDocument& document) {
  std::size_t slower = 0, faster = 0, untold = 0, invalid = 0;
  for (const ComparedCell& cell : document.cells) {
    slower += cell.verdict == ComparisonVerdict::slower ? 1 : 0;
    faster += cell.verdict == ComparisonVerdict::faster ? 1 : 0;
    invalid += cell.invalid ? 1 : 0;
    if (cell.verdict == ComparisonVerdict::cannot_tell && !covered(document, cell)) ++untold;
  }
  const std::size_t all = document.cells.size();
  if (all == 0) {
    document.verdict = ComparisonVerdict::cannot_tell;
    document.why = "the documents have no measurement in common";
  } else if (slower > 0) {
    document.verdict = ComparisonVerdict::slower;
    document.why = fmt::format("{} of {} comparisons are slower", slower, all);
  } else if (invalid > 0) {
    document.verdict = ComparisonVerdict::cannot_tell;
    document.why = fmt::format("{} of {} comparisons have a run that is not valid", invalid, all);
  } else if (!document.only_in_base.empty()) {
    document.verdict = ComparisonVerdict::cannot_tell;
    document.why = fmt::format("{} of the base's runs were not made", document.only_in_base.size());
  } else if (untold > 0) {
    document.verdict = ComparisonVerdict::cannot_tell;
    document.why = fmt::format("{} of {} comparisons have too few samples", untold, all);
  } else if (faster > 0) {
    document.verdict = ComparisonVerdict::faster;
    document.why = fmt::format("{} of {} comparisons are faster, none is slower", faster, all);
  } else {
    document.verdict = ComparisonVerdict::no_difference;
    document.why = fmt::format("none of {} comparisons differs", all);
  }
}

ComparisonVerdict worst(std::span<const ComparedDocument> documents) {
  for (const ComparisonVerdict verdict :
       {ComparisonVerdict::slower, ComparisonVerdict::cannot_tell, ComparisonVerdict::faster}) {
    for (const ComparedDocument& document : documents) {
      if (document.verdict == verdict) return verdict;
    }
  }
  return documents.empty() ? ComparisonVerdict::cannot_tell : ComparisonVerdict::no_difference;
}

}  // namespace

std::string_view comparison_verdict_name(ComparisonVerdict verdict) {
  return k_verdicts.name(verdict);
}
std::string_view compared_metric_name(ComparedMetric metric) { return k_metrics.name(metric); }
std::optional<ComparedMetric> compared_metric_from_name(std::string_view name) {
  return k_metrics.value(name);
}
std::vector<std::string> compared_metric_names() {
  std::vector<std::string> names;
  for (const auto& row : k_metrics.rows) names.emplace_back(row.name);
  return names;
}

std::string cell_label(const CellKey& key) {
  std::string label = fmt::format("{} {}", printable(key.workload, 40), printable(key.model, 60));
  if (key.layers > 0) label += fmt::format(" ({} layers)", key.layers);
  label += fmt::format(" {}, {} thread{}", printable(key.format, 40), key.threads,
                       key.threads == 1 ? "" : "s");
  return label;
}

Comparison compare_results(const Assessment& base, std::span<const Assessment> news,
                           const CompareOptions& options) {
  Comparison comparison{.base_run_id = base.run_id,
                        .base_started_at = base.started_at,
                        .threshold_ratio = options.threshold_ratio,
                        .significance = options.significance,
                        .documents = {},
                        .verdict = ComparisonVerdict::cannot_tell};
  const Cells base_cells = cells_of(base);
  std::vector<PendingRow> rows;
  for (const Assessment& fresh : news) {
    const Cells new_cells = cells_of(fresh);
    collect_rows(base_cells, new_cells, options, comparison.documents.size(), rows);
    comparison.documents.push_back({.run_id = fresh.run_id,
                                    .started_at = fresh.started_at,
                                    .cells = {},
                                    .only_in_base = missing_cells(base_cells, new_cells),
                                    .only_in_new = missing_cells(new_cells, base_cells),
                                    .notes = notes_of(base, fresh, base_cells, new_cells),
                                    .verdict = ComparisonVerdict::cannot_tell,
                                    .why = {}});
  }
  judge_rows(rows, options.significance);
  for (PendingRow& row : rows) {
    comparison.documents[row.document].cells.push_back(std::move(row.cell));
  }
  for (ComparedDocument& document : comparison.documents) conclude(document);
  comparison.verdict = worst(comparison.documents);
  return comparison;
}

}  // namespace assay
