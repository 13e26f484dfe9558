#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "reports/compare.hpp"

namespace assay {
namespace {

std::string_view unit_of(ComparedMetric metric) {
  return metric == ComparedMetric::first_token ? "seconds" : "tokens_per_second";
}

std::string_view heading_of(ComparedMetric metric) {
  switch (metric) {
    case ComparedMetric::decode:
      return "decode tok/s";
    case ComparedMetric::prefill:
      return "prefill tok/s";
    case ComparedMetric::first_token:
      return "first token s";
  }
  return {};
}

Json cell_json(const ComparedCell& cell) {
  Json json;
  json["scope"] = cell.key ? "cell" : "all_cells";
  if (cell.key) {
    json["workload"] = cell.key->workload;
    json["model"] = cell.key->model;
    json["format"] = cell.key->format;
    json["slice_layers"] = cell.key->layers > 0 ? Json(cell.key->layers) : Json(nullptr);
    json["threads"] = cell.key->threads;
    json["cache_type"] = cell.key->cache_type;
    json["context_depth"] = cell.key->context_depth;
    json["prompt_tokens"] = cell.key->prompt_tokens;
    json["generated_tokens"] = cell.key->generated_tokens;
  }
  json["metric"] = compared_metric_name(cell.metric);
  json["unit"] = unit_of(cell.metric);
  json["base"] = {
      {"median", cell.key && cell.base_samples > 0 ? Json(cell.base_median) : Json(nullptr)},
      {"n", cell.base_samples}};
  json["new"] = {
      {"median", cell.key && cell.new_samples > 0 ? Json(cell.new_median) : Json(nullptr)},
      {"n", cell.new_samples}};
  const bool both = cell.base_samples > 0 && cell.new_samples > 0;
  json["ratio"] = both ? Json(cell.ratio) : Json(nullptr);
  json["threshold_ratio"] = cell.threshold_ratio;
  json["p_value"] = cell.invalid ? Json(nullptr) : Json(cell.p_value);
  json["adjusted_p_value"] = cell.invalid ? Json(nullptr) : Json(cell.adjusted_p_value);
  json["verdict"] = comparison_verdict_name(cell.verdict);
  json["reason"] = cell.reason.empty() ? Json(nullptr) : Json(cell.reason);
  return json;
}

constexpr std::size_t k_columns = 7;
using Row = std::array<std::string, k_columns>;

std::string number(double value) {
  return value >= 100.0 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

Row row_of(const ComparedCell& cell) {
  const std::string p =
      cell.adjusted_p_value < 0.001 ? "<.001" : fmt::format("{:.3f}", cell.adjusted_p_value);
  const bool both = cell.base_samples > 0 && cell.new_samples > 0;
  return {cell.key ? cell_label(*cell.key) : "all of them together",
          std::string(heading_of(cell.metric)),
          cell.key && cell.base_samples > 0 ? number(cell.base_median) : "",
          cell.key && cell.new_samples > 0 ? number(cell.new_median) : "",
          both ? fmt::format("{:+.1f} %", 100.0 * (cell.ratio - 1.0)) : "",
          cell.invalid ? "" : p,
          std::string(comparison_verdict_name(cell.verdict))};
}

std::string paint(std::string_view text, ComparisonVerdict verdict, bool color) {
  if (!color) return std::string(text);
  switch (verdict) {
    case ComparisonVerdict::faster:
      return fmt::format("\x1b[32m{}\x1b[0m", text);
    case ComparisonVerdict::slower:
      return fmt::format("\x1b[31m{}\x1b[0m", text);
    case ComparisonVerdict::cannot_tell:
      return fmt::format("\x1b[33m{}\x1b[0m", text);
    case ComparisonVerdict::no_difference:
      break;
  }
  return std::string(text);
}

std::string table_of(const ComparedDocument& document, bool color) {
  std::vector<Row> rows{{"run", "metric", "base", "new", "change", "p", "verdict"}};
  for (const ComparedCell& cell : document.cells) rows.push_back(row_of(cell));
  std::array<std::size_t, k_columns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < k_columns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    text += fmt::format("  {:<{}}  {:<{}}  {:>{}}  {:>{}}  {:>{}}  {:>{}}  ", row[0], widths[0],
                        row[1], widths[1], row[2], widths[2], row[3], widths[3], row[4], widths[4],
                        row[5], widths[5]);
    if (i == 0) {
      text += row[6] + "\n";
      continue;
    }
    const ComparedCell& cell = document.cells[i - 1];
    text += paint(row[6], cell.verdict, color);
    if (!cell.reason.empty()) text += fmt::format(" ({})", cell.reason);
    text += "\n";
  }
  return text;
}

void list_missing(std::string& text, std::string_view heading,
                  const std::vector<std::string>& labels) {
  constexpr std::size_t k_most = 5;
  if (labels.empty()) return;
  text += fmt::format("  {} ({}): ", heading, labels.size());
  for (std::size_t i = 0; i < std::min(k_most, labels.size()); ++i) {
    text += (i == 0 ? "" : "; ") + labels[i];
  }
  text += labels.size() > k_most ? "; ...\n" : "\n";
}

}  // namespace

Json comparison_json(const Comparison& comparison) {
  Json json;
  json["schema"] = "assay.comparison/1";
  json["verdict"] = comparison_verdict_name(comparison.verdict);
  json["base"] = {{"run_id", comparison.base_run_id}, {"started_at", comparison.base_started_at}};
  json["threshold_ratio"] = comparison.threshold_ratio;
  json["significance"] = comparison.significance;
  json["paired"] = false;
  json["test"] = "Mann-Whitney, two-sided, Holm-adjusted";
  json["documents"] = Json::array();
  for (const ComparedDocument& document : comparison.documents) {
    Json one;
    one["run_id"] = document.run_id;
    one["started_at"] = document.started_at;
    one["verdict"] = comparison_verdict_name(document.verdict);
    one["why"] = document.why;
    one["comparisons"] = Json::array();
    for (const ComparedCell& cell : document.cells) one["comparisons"].push_back(cell_json(cell));
    one["only_in_base"] = document.only_in_base;
    one["only_in_new"] = document.only_in_new;
    one["notes"] = document.notes;
    json["documents"].push_back(std::move(one));
  }
  return json;
}

std::string comparison_text(const Comparison& comparison, bool color) {
  std::string text;
  for (const ComparedDocument& document : comparison.documents) {
    text += fmt::format("base {} ({}), new {} ({})\n", printable(comparison.base_run_id, 40),
                        printable(comparison.base_started_at, 40), printable(document.run_id, 40),
                        printable(document.started_at, 40));
    if (!document.cells.empty()) text += table_of(document, color);
    list_missing(text, "only in base", document.only_in_base);
    list_missing(text, "only in new", document.only_in_new);
    for (const std::string& note : document.notes) text += fmt::format("  note: {}\n", note);
    text += fmt::format("{}: {}\n",
                        paint(comparison_verdict_name(document.verdict), document.verdict, color),
                        document.why);
    text += "\n";
  }
  if (comparison.documents.size() > 1) {
    text += fmt::format("all documents: {}\n", paint(comparison_verdict_name(comparison.verdict),
                                                     comparison.verdict, color));
  }
  text += fmt::format(
      "A change counts above {:.3g} % of the median (or twice its noise) with p at most {:.3g} "
      "(Mann-Whitney, adjusted for all comparisons).\n",
      100.0 * comparison.threshold_ratio, comparison.significance);
  return text;
}

}  // namespace assay
