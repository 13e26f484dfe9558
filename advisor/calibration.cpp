#include "advisor/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "advisor/cost/decode_fit.hpp"
#include "advisor/cost/fit.hpp"
#include "advisor/cost/prefill_fit.hpp"
#include "advisor/cost/suite_runs.hpp"

namespace assay {
namespace {

/// The statistic of as many threads, else of the nearest count below, else of the least.
const Statistic* for_threads(const std::map<unsigned, Statistic>& by_threads, unsigned threads) {
  if (by_threads.empty()) return nullptr;
  auto after = by_threads.upper_bound(threads);
  return after == by_threads.begin() ? &after->second : &std::prev(after)->second;
}

/// Joules per token times tokens per second, the median of the runs that have both.
Fact<double> decode_watts_of(const std::vector<PlannedRun>& runs) {
  std::vector<double> watts;
  std::string method;
  for (const PlannedRun& planned : runs) {
    const Fact<double>& joules = planned.run->decode_joules_per_token;
    const auto& rate = planned.run->decode_tokens_per_second;
    if (!joules.is_known() || !rate) continue;
    watts.push_back(joules.value() * rate->median);
    method = joules.source();
  }
  if (watts.empty()) return Fact<double>::unknown("no run counted energy");
  return Fact<double>::known(median_of(std::move(watts)), "measured by " + method);
}

void put_bandwidth(const Statistic& measured, Calibration& calibration) {
  const double spread = relative_spread(measured);
  calibration.read_bandwidth_bytes_per_second = measured.median;
  calibration.read_bandwidth_low = measured.median * (1.0 - std::min(spread, 0.5));
  calibration.read_bandwidth_high = measured.median * (1.0 + spread);
}

}  // namespace

Result<Calibration> calibrate(const MachineProfile& machine, const MicroResults& micro,
                              const std::vector<RunResult>& runs, unsigned threads) {
  const Statistic* bandwidth = for_threads(micro.read_bandwidth_bytes_per_second, threads);
  if (bandwidth == nullptr || !(bandwidth->median > 0.0)) {
    return fail(ErrorCode::unknown, "no read bandwidth was measured", {},
                "run `assay assess` to measure this machine");
  }
  const auto planned = planned_runs(runs, threads);
  if (!planned) return pass_on(planned);
  Calibration calibration;
  calibration.basis = Basis::this_machine;
  calibration.threads = threads;
  calibration.origin = machine.id;
  put_bandwidth(*bandwidth, calibration);
  if (!fit_decode_costs(*planned, calibration)) {
    return fail(
        ErrorCode::unknown,
        fmt::format("no valid run of the suite with {} threads is among the results", threads), {},
        "run `assay assess` to measure this machine");
  }
  calibration.decode_watts = decode_watts_of(*planned);
  if (const Statistic* fma = for_threads(micro.fma_flops_per_second, threads)) {
    calibration.fma_flops_per_second = fma->median;
  }
  fit_prefill_costs(*planned, calibration);
  return calibration;
}

Calibration with_limits(const Calibration& calibration, const MicroResults& micro) {
  Calibration scaled = calibration;
  const Statistic* bandwidth = for_threads(micro.read_bandwidth_bytes_per_second, scaled.threads);
  if (bandwidth != nullptr && bandwidth->median > 0.0) put_bandwidth(*bandwidth, scaled);
  const Statistic* fma = for_threads(micro.fma_flops_per_second, scaled.threads);
  if (fma == nullptr || !(fma->median > 0.0) || !(scaled.fma_flops_per_second > 0.0)) return scaled;
  const double faster = fma->median / scaled.fma_flops_per_second;
  scaled.fma_flops_per_second = fma->median;
  for (std::vector<FormatRate>* rates : {&scaled.dense, &scaled.moe}) {
    for (FormatRate& rate : *rates) {
      rate.prefill_flops_per_second *= faster;
      rate.prefill_flops_per_second_low *= faster;
      rate.prefill_flops_per_second_high *= faster;
    }
  }
  scaled.attention_flops_per_second *= faster;
  scaled.seconds_per_element /= faster;
  scaled.seconds_per_layer /= faster;
  scaled.seconds_per_moe_layer /= faster;
  scaled.seconds_per_token /= faster;
  scaled.seconds_per_score /= faster;
  return scaled;
}

}  // namespace assay
