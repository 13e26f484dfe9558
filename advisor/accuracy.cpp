#include "advisor/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "workloads/statistic.hpp"

namespace assay {
namespace {

using Name = std::function<std::string(const Check&)>;

/// Requires one check at least.
ErrorSummary summary_of(CheckedFigure figure, const std::string& of,
                        const std::vector<const Check*>& checks) {
  ErrorSummary summary;
  summary.figure = figure;
  summary.of = of;
  summary.checks = checks.size();
  std::vector<double> errors;
  std::vector<double> corrected;
  std::size_t within = 0;
  for (const Check* check : checks) {
    errors.push_back(std::abs(error_ratio(*check)));
    if (check->conditions_ratio) {
      corrected.push_back(std::abs(error_ratio_at_same_limits(*check)));
    }
    if (is_within(*check)) ++within;
  }
  summary.median_absolute_error_ratio = percentile(errors, 0.5);
  summary.worst_absolute_error_ratio = *std::ranges::max_element(errors);
  if (!corrected.empty()) {
    summary.median_absolute_error_ratio_at_same_limits = percentile(corrected, 0.5);
  }
  summary.coverage_ratio = static_cast<double>(within) / static_cast<double>(checks.size());
  return summary;
}

/// One summary for each figure and each name that checks have.
std::vector<ErrorSummary> grouped(const std::vector<const Check*>& checks, const Name& name) {
  std::map<std::pair<CheckedFigure, std::string>, std::vector<const Check*>> groups;
  for (const Check* check : checks) groups[{check->figure, name(*check)}].push_back(check);
  std::vector<ErrorSummary> summaries;
  summaries.reserve(groups.size());
  for (const auto& [key, members] : groups) {
    summaries.push_back(summary_of(key.first, key.second, members));
  }
  return summaries;
}

Json summaries_to_json(const std::vector<ErrorSummary>& summaries, const char* of) {
  Json list = Json::array();
  for (const ErrorSummary& one : summaries) {
    Json json;
    json["figure"] = checked_figure_name(one.figure);
    if (of != nullptr) json[of] = one.of;
    json["checks"] = one.checks;
    json["median_absolute_error_ratio"] = one.median_absolute_error_ratio;
    json["worst_absolute_error_ratio"] = one.worst_absolute_error_ratio;
    const auto& corrected = one.median_absolute_error_ratio_at_same_limits;
    json["median_absolute_error_ratio_at_same_limits"] =
        corrected ? Json(*corrected) : Json(nullptr);
    json["coverage_ratio"] = one.coverage_ratio;
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Accuracy accuracy_of(std::span<const Check> checks, std::size_t worst) {
  std::vector<const Check*> seen;
  std::vector<const Check*> unseen;
  for (const Check& check : checks) (check.seen ? seen : unseen).push_back(&check);
  const Name all = [](const Check&) { return std::string(); };
  std::vector<const Check*> rates;
  std::ranges::copy_if(unseen, std::back_inserter(rates), [](const Check* check) {
    return check->figure != CheckedFigure::peak_memory;
  });
  Accuracy accuracy;
  accuracy.unseen = grouped(unseen, all);
  accuracy.seen = grouped(seen, all);
  accuracy.by_format = grouped(rates, [](const Check& check) { return check.format; });
  accuracy.by_threads =
      grouped(rates, [](const Check& check) { return std::to_string(check.threads); });
  std::ranges::stable_sort(rates, std::greater<>(),
                           [](const Check* check) { return std::abs(error_ratio(*check)); });
  rates.resize(std::min(rates.size(), worst));
  for (const Check* check : rates) accuracy.worst.push_back(*check);
  return accuracy;
}

Json accuracy_to_json(const Accuracy& accuracy) {
  Json json;
  json["unseen"] = summaries_to_json(accuracy.unseen, nullptr);
  json["seen"] = summaries_to_json(accuracy.seen, nullptr);
  json["by_format"] = summaries_to_json(accuracy.by_format, "format");
  json["by_threads"] = summaries_to_json(accuracy.by_threads, "threads");
  json["worst"] = Json::array();
  for (const Check& check : accuracy.worst) json["worst"].push_back(check_to_json(check));
  return json;
}

}  // namespace assay
