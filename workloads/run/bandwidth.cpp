#include "workloads/run/bandwidth.hpp"

#include <map>

#include "base/host_view.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/run/summary.hpp"

namespace assay {
namespace {

bool raise(std::map<unsigned, Statistic>& known, const std::map<unsigned, Statistic>& again) {
  bool raised = false;
  for (const auto& [threads, statistic] : again) {
    const auto found = known.find(threads);
    if (found != known.end() && found->second.median >= statistic.median) continue;
    known.insert_or_assign(threads, statistic);
    raised = true;
  }
  return raised;
}

void raise_to_run(MicroResults& micro, const RunResult& run, Bytes cache) {
  // Below this many times the cache, what stays in it counts too much.
  constexpr double k_streamed = 4.0;
  if (!run.decode_tokens_per_second ||
      run.decode_bytes_per_token < k_streamed * static_cast<double>(cache.value)) {
    return;
  }
  const auto found = micro.read_bandwidth_bytes_per_second.find(run.engine.threads);
  if (found == micro.read_bandwidth_bytes_per_second.end()) return;
  std::vector<double> moved = run.decode_tokens_per_second->samples;
  for (double& rate : moved) rate *= run.decode_bytes_per_token;
  Statistic reached = describe(std::move(moved));
  if (reached.median <= found->second.median) return;
  found->second = std::move(reached);
  micro.read_pattern[run.engine.threads] = "decode of " + run.model.id + " " + run.model.format;
}

}  // namespace

bool raise_limits(MicroResults& known, const MicroResults& again) {
  const auto old_bandwidth = known.read_bandwidth_bytes_per_second;
  const bool bandwidth =
      raise(known.read_bandwidth_bytes_per_second, again.read_bandwidth_bytes_per_second);
  for (const auto& [threads, pattern] : again.read_pattern) {
    const auto before = old_bandwidth.find(threads);
    if (before == old_bandwidth.end() ||
        known.read_bandwidth_bytes_per_second.at(threads).median > before->second.median) {
      known.read_pattern[threads] = pattern;
    }
  }
  const bool fma = raise(known.fma_flops_per_second, again.fma_flops_per_second);
  const bool int8 = raise(known.int8_ops_per_second, again.int8_ops_per_second);
  const bool bf16 = raise(known.bf16_flops_per_second, again.bf16_flops_per_second);
  return bandwidth || fma || int8 || bf16;
}

void raise_to_runs(MicroResults& micro, std::vector<RunResult>& runs) {
  const Bytes cache = last_level_cache(HostView::live());
  for (const RunResult& run : runs) raise_to_run(micro, run, cache);
  for (RunResult& run : runs) {
    RunEvidence unused;
    if (run.validity != Validity::invalid) compare_with_limits(micro, run, unused);
  }
}

}  // namespace assay
