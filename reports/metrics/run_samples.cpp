#include <fmt/format.h>

#include <algorithm>

#include "advisor/accuracy.hpp"
#include "base/text.hpp"
#include "reports/metrics/samples.hpp"
#include "reports/timestamp.hpp"

namespace assay {
namespace {

std::vector<MetricSample> one(double value, std::vector<std::string> labels = {}) {
  return {{std::move(labels), value}};
}

/// One sample for each run for which `read` has a value.
template <typename Read>
std::vector<MetricSample> each_run(const MetricInput& input, Read read) {
  std::vector<MetricSample> samples;
  if (!input.assessment) return samples;
  for (const RunResult& run : input.assessment->runs) {
    if (samples.size() == k_most_metric_runs) break;
    const std::optional<double> value = read(run);
    if (!value) continue;
    std::string model = run.model.id;
    if (run.model.is_slice) model += fmt::format("/{}-layers", run.model.layers);
    samples.push_back(
        {{run.workload, model, run.model.format, fmt::format("{}", run.engine.threads)}, *value});
  }
  return samples;
}

std::optional<double> median(const std::optional<Statistic>& statistic) {
  return statistic ? std::optional(statistic->median) : std::nullopt;
}

}  // namespace

std::vector<MetricSample> build_info(const MetricInput& input) {
  return one(1, {input.tool.version, input.tool.revision, input.tool.build_type});
}

std::vector<MetricSample> result_available(const MetricInput& input) {
  return one(input.assessment ? 1 : 0);
}

std::vector<MetricSample> run_timestamp(const MetricInput& input) {
  if (!input.assessment) return {};
  const auto seconds = seconds_since_epoch(input.assessment->started_at);
  return seconds ? one(*seconds) : std::vector<MetricSample>{};
}

std::vector<MetricSample> run_success(const MetricInput& input) {
  if (!input.assessment) return {};
  const Assessment& all = *input.assessment;
  const auto& runs = all.runs;
  const bool all_valid = std::none_of(runs.begin(), runs.end(), [](const RunResult& run) {
    return run.validity == Validity::invalid;
  });
  return one(all_valid && !all.partial && !all.failed ? 1 : 0);
}

std::vector<MetricSample> run_duration(const MetricInput& input) {
  if (!input.assessment || !input.assessment->environment.duration_seconds.is_known()) return {};
  return one(input.assessment->environment.duration_seconds.value());
}

std::vector<MetricSample> workload_decode(const MetricInput& input) {
  return each_run(input, [](const RunResult& run) { return median(run.decode_tokens_per_second); });
}

std::vector<MetricSample> workload_prefill(const MetricInput& input) {
  return each_run(input,
                  [](const RunResult& run) { return median(run.prefill_tokens_per_second); });
}

std::vector<MetricSample> workload_first_token(const MetricInput& input) {
  return each_run(input,
                  [](const RunResult& run) { return median(run.time_to_first_token_seconds); });
}

std::vector<MetricSample> workload_latency_p95(const MetricInput& input) {
  return each_run(input, [](const RunResult& run) {
    const auto& latency = run.inter_token_latency_seconds;
    return latency ? std::optional(latency->p95) : std::nullopt;
  });
}

std::vector<MetricSample> workload_bandwidth_ratio(const MetricInput& input) {
  return each_run(input, [](const RunResult& run) {
    return run.decode_bandwidth_utilization_ratio.optional();
  });
}

std::vector<MetricSample> workload_peak_memory(const MetricInput& input) {
  return each_run(input, [](const RunResult& run) {
    return run.measured_peak.is_known()
               ? std::optional(static_cast<double>(run.measured_peak.value().value))
               : std::nullopt;
  });
}

std::vector<MetricSample> workload_valid(const MetricInput& input) {
  return each_run(input, [](const RunResult& run) {
    return std::optional(run.validity == Validity::ok || run.validity == Validity::noisy ? 1.0
                                                                                         : 0.0);
  });
}

std::vector<MetricSample> prediction_error(const MetricInput& input) {
  std::vector<MetricSample> samples;
  if (!input.assessment) return samples;
  for (const ErrorSummary& one : accuracy_of(input.assessment->checks, 0).unseen) {
    samples.push_back(
        {{std::string(checked_figure_name(one.figure))}, one.median_absolute_error_ratio});
  }
  return samples;
}

}  // namespace assay
