#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "reports/assessment.hpp"

namespace assay {

/// More models than this are never exported: five verdicts each are 60 series of one machine.
inline constexpr std::size_t k_most_metric_models = 12;
/// Nor more runs than this; a full suite has fewer.
inline constexpr std::size_t k_most_metric_runs = 60;

/// What the metrics of one machine are read from.
struct MetricInput {
  ToolInfo tool;                         // the program that exports
  std::optional<Assessment> assessment;  // the last result, when there is a readable one
  /// Models with series of their own: the same on every machine, so that a fleet can count them.
  std::vector<std::string> models;
};

struct MetricSample {
  std::vector<std::string> labels;  // values, in the order of the row's label names
  double value = 0.0;
};

/// One row of the catalogue of metrics: all that is known about a metric.
struct Metric {
  std::string_view name;
  std::string_view unit;                 // "" for infos and truth values
  std::vector<std::string_view> labels;  // names
  std::string_view help;                 // one sentence
  std::vector<MetricSample> (*read)(const MetricInput& input);
};

/// Every metric that the program exports; all are gauges (metrics/catalogue.cpp).
std::span<const Metric> metric_catalogue();

/// Prometheus text format, version 0.0.4. Metrics without a sample are left out.
std::string metrics_text(const MetricInput& input);

/// The same as JSON: [{name, unit, help, samples: [{labels: {}, value}]}].
Json metrics_json(const MetricInput& input);

/// The models of configs/metrics/models.json. Errors: internal when the file is broken.
Result<std::vector<std::string>> builtin_metric_models();

}  // namespace assay
