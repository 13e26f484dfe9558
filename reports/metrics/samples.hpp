#pragma once

#include <vector>

#include "reports/metrics.hpp"

namespace assay {

// How the catalogue's rows are read. Nothing that is unknown becomes a sample.

std::vector<MetricSample> build_info(const MetricInput& input);
std::vector<MetricSample> result_available(const MetricInput& input);
std::vector<MetricSample> run_timestamp(const MetricInput& input);
std::vector<MetricSample> run_success(const MetricInput& input);
std::vector<MetricSample> run_duration(const MetricInput& input);

std::vector<MetricSample> machine_info(const MetricInput& input);
std::vector<MetricSample> cpu_count(const MetricInput& input);
std::vector<MetricSample> memory_bytes(const MetricInput& input);
std::vector<MetricSample> accelerator_count(const MetricInput& input);
std::vector<MetricSample> read_bandwidth(const MetricInput& input);
std::vector<MetricSample> compute_rate(const MetricInput& input);

std::vector<MetricSample> workload_decode(const MetricInput& input);
std::vector<MetricSample> workload_prefill(const MetricInput& input);
std::vector<MetricSample> workload_first_token(const MetricInput& input);
std::vector<MetricSample> workload_latency_p95(const MetricInput& input);
std::vector<MetricSample> workload_bandwidth_ratio(const MetricInput& input);
std::vector<MetricSample> workload_peak_memory(const MetricInput& input);
std::vector<MetricSample> workload_valid(const MetricInput& input);

std::vector<MetricSample> prediction_error(const MetricInput& input);

std::vector<MetricSample> model_ready(const MetricInput& input);
std::vector<MetricSample> model_verdict(const MetricInput& input);
std::vector<MetricSample> model_limit(const MetricInput& input);
std::vector<MetricSample> model_decode(const MetricInput& input);
std::vector<MetricSample> model_decode_low(const MetricInput& input);
std::vector<MetricSample> model_first_token(const MetricInput& input);
std::vector<MetricSample> model_memory(const MetricInput& input);
std::vector<MetricSample> recommended_model(const MetricInput& input);

}  // namespace assay
