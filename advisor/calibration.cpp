#include "advisor/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "advisor/cost/decode_fit.hpp"
#include "advisor/cost/fit.hpp"
#include "advisor/cost/format_prior.hpp"
#include "advisor/cost/prefill_fit.hpp"
#include "advisor/cost/reread.hpp"
#include "advisor/cost/suite_runs.hpp"
#include "advisor/words/phrases.hpp"

namespace assay {
namespace {

/// The statistic of as many threads, else of the nearest count below, else of the least.
const Statistic* for_threads(const std::map<unsigned, Statistic>& by_threads, unsigned threads) {
  if (by_threads.empty()) return nullptr;
  auto after = by_threads.upper_bound(threads);
  return after == by_threads.begin() ? &after->second : &std::prev(after)->second;
}

void put_bandwidth(const Statistic& measured, Calibration& calibration) {
  const double spread = relative_spread(measured);
  calibration.read_bandwidth_bytes_per_second = measured.median;
  calibration.read_bandwidth_low = measured.median * (1.0 - std::min(spread, 0.5));
  calibration.read_bandwidth_high = measured.median * (1.0 + spread);
}

/// What the machine's caches do for reads of ever more bytes, about the last of them.
std::vector<RereadSpeed> reread_speeds(const MicroResults& micro, unsigned threads) {
  const auto found = micro.read_by_size.find(threads);
  std::vector<RereadSpeed> speeds;
  if (found == micro.read_by_size.end() || found->second.empty()) return speeds;
  const double memory = found->second.back().bytes_per_second.median;
  if (!(memory > 0.0)) return speeds;
  for (const SizedRead& read : found->second) {
    speeds.push_back({static_cast<double>(read.size.value),
                      std::max(1.0, read.bytes_per_second.median / memory)});
  }
  return speeds;
}

/// As fast as trials of kernels could read: what caches hold of their memory comes faster.
double bandwidth_of_trials(const Calibration& calibration) {
  const double memory = calibration.read_bandwidth_bytes_per_second;
  if (calibration.reread.empty()) return memory;
  const double read =
      std::min(static_cast<double>(k_trial_memory.value), calibration.reread.back().bytes);
  return memory * reread_times(calibration.reread, read);
}

/// What the kernels reached of the machine's limits.
FormatPriors priors_of(const MicroResults& micro, const Calibration& calibration) {
  std::vector<FormatPrior> timed;
  const auto found = micro.kernels.find(calibration.threads);
  const double bandwidth = bandwidth_of_trials(calibration);
  const double fma = calibration.fma_flops_per_second;
  if (found == micro.kernels.end() || !(fma > 0.0)) return FormatPriors();
  for (const KernelSpeed& speed : found->second) {
    const auto format = weight_format(speed.format);
    const double decode = speed.decode_bytes_per_second.median;
    const double prefill = speed.prefill_ops_per_second.median;
    if (!format || !(decode > 0.0) || !(prefill > 0.0)) continue;
    timed.push_back({*format, std::min(decode / bandwidth, 1.0), prefill / fma});
  }
  return FormatPriors(std::move(timed));
}

/// Of a position t(g) = read + g x score seconds for g queries. Believed is what is believed of any
/// machine where the two groups do not tell them apart.
AttentionPrior attention_prior(const MicroResults& micro, const Calibration& calibration) {
  constexpr double k_position_bytes = 512.0;  // a key and a value of 128 halves
  AttentionPrior prior;
  prior.seconds_per_score /= calibration.threads;
  const auto found = micro.attention.find(calibration.threads);
  if (found == micro.attention.end() || found->second.size() < 2) return prior;
  const AttentionSpeed& few = found->second.front();
  const AttentionSpeed& many = found->second.back();
  if (many.group <= few.group || !(few.positions_per_second.median > 0.0)) return prior;
  const double least = 1.0 / few.positions_per_second.median;
  const double score = (1.0 / many.positions_per_second.median - least) / (many.group - few.group);
  const double read = least - few.group * score;
  if (!(score > 0.0) || !(read > 0.0)) return prior;
  const double reading = k_position_bytes / bandwidth_of_trials(calibration);
  return {std::min(reading / read, 1.0), score, true};
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
  calibration.reread = reread_speeds(micro, threads);
  if (const Statistic* fma = for_threads(micro.fma_flops_per_second, threads)) {
    calibration.fma_flops_per_second = fma->median;
  }
  const FormatPriors priors = priors_of(micro, calibration);
  if (!fit_decode_costs(*planned, priors, attention_prior(micro, calibration), calibration)) {
    return fail(
        ErrorCode::unknown,
        fmt::format("no valid run of the suite with {} threads is among the results", threads), {},
        "run `assay assess` to measure this machine");
  }
  calibration.decode_watts = decode_watts(runs, threads);
  fit_prefill_costs(*planned, priors, calibration);
  add_timed_formats(priors, calibration.dense);
  add_timed_formats(priors, calibration.moe);
  return calibration;
}

Fact<double> decode_watts(const std::vector<RunResult>& runs, unsigned threads) {
  std::vector<double> watts;
  std::string method;
  for (const RunResult& run : runs) {
    const Fact<double>& joules = run.decode_joules_per_token;
    const auto& rate = run.decode_tokens_per_second;
    if (run.validity == Validity::invalid || run.engine.threads != threads) continue;
    if (!joules.is_known() || !rate) continue;
    watts.push_back(joules.value() * rate->median);
    method = joules.source();
  }
  if (watts.empty()) return Fact<double>::unknown("no run counted energy");
  return Fact<double>::known(median_of(std::move(watts)), "measured by " + method);
}

Calibration with_limits(const Calibration& calibration, const MicroResults& micro) {
  Calibration scaled = calibration;
  const Statistic* bandwidth = for_threads(micro.read_bandwidth_bytes_per_second, scaled.threads);
  if (bandwidth != nullptr && bandwidth->median > 0.0) {
    put_bandwidth(*bandwidth, scaled);
    if (scaled.is_share_of_rated) {
      scaled.is_share_of_rated = false;
      scaled.origin = "a measured read bandwidth of " + bandwidth_words(bandwidth->median);
    }
  }
  if (micro.read_by_size.contains(scaled.threads)) {
    scaled.reread = reread_speeds(micro, scaled.threads);
  }
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
