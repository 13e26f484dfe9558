#include "workloads/run/summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

constexpr std::string_view k_int8_peak = "int8_ops_per_second";
constexpr std::string_view k_float_peak = "fma_flops_per_second";
constexpr std::string_view k_bf16_peak = "bf16_flops_per_second";

const PlannedTensor* output_head(const ModelSpec& spec, const TensorPlan& plan) {
  const TensorRole role =
      spec.tied_embeddings ? TensorRole::token_embedding : TensorRole::output_head;
  const auto found = std::ranges::find(plan.tensors, role, &PlannedTensor::role);
  return found == plan.tensors.end() ? nullptr : &*found;
}

/// How products see their activations.
struct Products {
  bool int8 = false;  // block formats
  bool bf16 = false;  // BF16 with native numerics
  bool f16 = false;   // F16 with native numerics
};

Products products_of(const TensorPlan& plan, const KernelTable& kernels) {
  Products products;
  for (const PlannedTensor& tensor : plan.tensors) {
    const auto shape = block_shape(tensor.format);
    const FormatKernels* own = format_kernels(kernels, tensor.format);
    products.int8 = products.int8 || (shape && shape->values > 1);
    if (own == nullptr) continue;
    products.bf16 = products.bf16 || own->rounding == ActivationRounding::bf16;
    products.f16 = products.f16 || own->rounding == ActivationRounding::f16;
  }
  return products;
}

/// Products of binary16 do as many multiply-adds an instruction as those of float32.
std::string_view peak_of(const Products& products) {
  return products.int8 ? k_int8_peak : products.bf16 ? k_bf16_peak : k_float_peak;
}

std::string numerics_of(const Products& products) {
  std::vector<std::string_view> names;
  if (products.int8) names.emplace_back("int8-activations");
  if (products.bf16) names.emplace_back("bfloat16-activations");
  if (products.f16) names.emplace_back("binary16-activations");
  if (names.empty()) names.emplace_back("float32-activations");
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<double> median_at(const std::map<unsigned, Statistic>& by_threads, unsigned threads) {
  const auto found = by_threads.find(threads);
  return found == by_threads.end() ? std::nullopt : std::optional(found->second.median);
}

/// The measured peak of a name.
const std::map<unsigned, Statistic>& peaks_of(const MicroResults& micro, std::string_view name) {
  if (name == k_bf16_peak) return micro.bf16_flops_per_second;
  return name == k_int8_peak ? micro.int8_ops_per_second : micro.fma_flops_per_second;
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

Fact<double> joules_of(Samples samples) {
  if (!samples.decode_joules_per_token.empty()) {
    return Fact<double>::known(describe(std::move(samples.decode_joules_per_token)).median,
                               k_energy_method);
  }
  return Fact<double>::unknown("no energy counter can be read (RAPL is often root's alone)");
}

}  // namespace

RunResult describe_run(const PreparedModel& model, const WorkloadSpec& workload,
                       const MeasureOptions& options, const KernelTable& kernels) {
  RunResult run;
  run.workload = workload.name;
  run.model = model.about;
  run.engine.isa = kernels.isa;
  run.engine.threads = options.threads;
  const Products products = products_of(model.plan, kernels);
  run.prefill_peak = peak_of(products);
  run.engine.numerics = numerics_of(products);
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
  run.decode_joules_per_token = joules_of(std::move(samples));
}

void compare_with_limits(const MicroResults& micro, RunResult& run, RunEvidence& evidence) {
  const unsigned threads = run.engine.threads;
  evidence.read_bandwidth_bytes_per_second =
      median_at(micro.read_bandwidth_bytes_per_second, threads);
  const std::optional<double> peak = median_at(peaks_of(micro, run.prefill_peak), threads);
  evidence.compute_ops_per_second = peak;
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
        share_of(run.prefill_tokens_per_second->median * run.prefill_flops_per_token, peak,
                 run.prefill_peak, threads);
  }
}

void drop_speeds(RunResult& run) {
  run.prefill_tokens_per_second.reset();
  run.decode_tokens_per_second.reset();
  run.time_to_first_token_seconds.reset();
  run.inter_token_latency_seconds.reset();
  run.token_trace_seconds.clear();
  run.decode_joules_per_token = Fact<double>::unknown("the run is not valid");
  const auto unknown = Fact<double>::unknown("the run is not valid");
  run.decode_bandwidth_utilization_ratio = unknown;
  run.prefill_compute_utilization_ratio = unknown;
}

}  // namespace assay
