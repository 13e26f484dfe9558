#include "workloads/run/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assay {
namespace {

constexpr std::string_view k_int8_peak = "int8_ops_per_second";
constexpr std::string_view k_float_peak = "fma_flops_per_second";

const PlannedTensor* output_head(const ModelSpec& spec, const TensorPlan& plan) {
  const TensorRole role =
      spec.tied_embeddings ? TensorRole::token_embedding : TensorRole::output_head;
  const auto found = std::ranges::find(plan.tensors, role, &PlannedTensor::role);
  return found == plan.tensors.end() ? nullptr : &*found;
}

/// Block formats multiply in int8, the others in float32.
std::string_view peak_of(const TensorPlan& plan) {
  const bool blocks = std::ranges::any_of(plan.tensors, [](const PlannedTensor& tensor) {
    const auto shape = block_shape(tensor.format);
    return shape && shape->values > 1;
  });
  return blocks ? k_int8_peak : k_float_peak;
}

std::optional<double> median_at(const std::map<unsigned, Statistic>& by_threads, unsigned threads) {
  const auto found = by_threads.find(threads);
  return found == by_threads.end() ? std::nullopt : std::optional(found->second.median);
}

Fact<double> share_of(double reached, const std::optional<double>& limit, std::string_view name,
                      unsigned threads) {
  if (!limit || *limit <= 0.0) {
    return Fact<double>::unknown(fmt::format("{} was not measured on {} threads", name, threads));
  }
  return Fact<double>::known(reached / *limit, fmt::format("of {} on {} threads", name, threads));
}

std::optional<Statistic> described(std::vector<double> samples) {
  if (samples.empty()) return std::nullopt;
  return describe(std::move(samples));
}

}  // namespace

RunResult describe_run(const PreparedModel& model, const WorkloadSpec& workload,
                       const MeasureOptions& options, const KernelTable& kernels) {
  RunResult run;
  run.workload = workload.name;
  run.model = model.about;
  run.engine.isa = kernels.isa;
  run.engine.threads = options.threads;
  run.prefill_peak = peak_of(model.plan);
  if (run.prefill_peak == k_float_peak) run.engine.numerics = "float32-activations";
  run.prompt_tokens = workload.prompt_tokens;
  run.generated_tokens = workload.generated_tokens;
  run.context_depth = workload.context_depth;
  run.cache_type = cache_format_name(options.cache);
  const Footprint cost = footprint(model.spec, model.plan, session_shape(workload, options));
  run.predicted_peak = cost.peak();
  if (const PlannedTensor* head = output_head(model.spec, model.plan)) {
    run.head_bytes_per_token = static_cast<double>(head->bytes.value);
  }
  if (workload.generated_tokens > 0) {
    const std::uint64_t mean_depth =
        workload.context_depth + workload.prompt_tokens + workload.generated_tokens / 2;
    run.decode_bytes_per_token = static_cast<double>(bytes_per_token(cost, mean_depth).value);
  }
  if (workload.prompt_tokens > 0) {
    const double prompt = workload.prompt_tokens;
    const double mean_depth = workload.context_depth + prompt / 2.0;
    run.prefill_flops_per_token =
        cost.flops_per_token + attention_flops(cost, mean_depth) + cost.head_flops / prompt;
  }
  return run;
}

void summarise(Samples samples, RunResult& run) {
  run.prefill_tokens_per_second = described(std::move(samples.prefill_tokens_per_second));
  run.decode_tokens_per_second = described(std::move(samples.decode_tokens_per_second));
  run.time_to_first_token_seconds = described(std::move(samples.time_to_first_token_seconds));
  if (!samples.inter_token_seconds.empty()) {
    const std::vector<double>& latency = samples.inter_token_seconds;
    run.inter_token_latency_seconds = LatencyPercentiles{.p50 = percentile(latency, 0.50),
                                                         .p90 = percentile(latency, 0.90),
                                                         .p95 = percentile(latency, 0.95),
                                                         .p99 = percentile(latency, 0.99)};
  }
  run.token_trace_seconds = std::move(samples.trace_seconds);
}

void compare_with_limits(const MicroResults& micro, RunResult& run, RunEvidence& evidence) {
  const unsigned threads = run.engine.threads;
  evidence.read_bandwidth_bytes_per_second =
      median_at(micro.read_bandwidth_bytes_per_second, threads);
  evidence.compute_ops_per_second = median_at(
      run.prefill_peak == k_int8_peak ? micro.int8_ops_per_second : micro.fma_flops_per_second,
      threads);
  const auto absent = Fact<double>::absent("not part of this workload");
  run.decode_bandwidth_utilization_ratio = absent;
  run.prefill_compute_utilization_ratio = absent;
  if (run.decode_tokens_per_second) {
    run.decode_bandwidth_utilization_ratio = share_of(
        run.decode_tokens_per_second->median * run.decode_bytes_per_token,
        evidence.read_bandwidth_bytes_per_second, "read_bandwidth_bytes_per_second", threads);
  }
  if (run.prefill_tokens_per_second) {
    run.prefill_compute_utilization_ratio =
        share_of(run.prefill_tokens_per_second->median * run.prefill_flops_per_token,
                 evidence.compute_ops_per_second, run.prefill_peak, threads);
  }
}

void drop_speeds(RunResult& run) {
  run.prefill_tokens_per_second.reset();
  run.decode_tokens_per_second.reset();
  run.time_to_first_token_seconds.reset();
  run.inter_token_latency_seconds.reset();
  run.token_trace_seconds.clear();
  const auto unknown = Fact<double>::unknown("the run is not valid");
  run.decode_bandwidth_utilization_ratio = unknown;
  run.prefill_compute_utilization_ratio = unknown;
}

}  // namespace assay
