#include "advisor/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "advisor/cost/fit.hpp"
#include "advisor/cost/format_prior.hpp"
#include "advisor/cost/suite_runs.hpp"
#include "advisor/cost/work.hpp"

namespace assay {
namespace {

// How sure the beliefs of format_prior.hpp are, as deviations of logarithms. An engine may be many
// times slower than believed (no vector kernels), in decode hardly faster: the bandwidth bounds it.
constexpr double k_engine_faster = 0.1;
constexpr double k_engine_slower = 1.0;
constexpr double k_engine_prefill = 1.0;
constexpr double k_format = 0.3;   // one format about the engine
constexpr double k_experts = 0.3;  // experts about dense matrices
constexpr double k_fixed = 1.0;    // right to an order of magnitude
constexpr double k_cache = 0.15;   // the spread of 16-bit formats between processors
constexpr double k_score = 1.0;
constexpr double k_attention_per_fma = 0.25;
constexpr double k_attention = 1.0;
// A value is loaded, put through a handful of vector operations and stored: about a cycle of 3 GHz.
constexpr double k_seconds_per_element = 0.33e-9;
constexpr double k_element = 1.0;
constexpr double k_pass_read = 0.7;  // right to a factor of two
// Plain values may be multiplied as they are, or be taken apart first.
constexpr double k_plain_pass_read = 1.0;

// An interval is never narrower than this: what other models add (other widths and depths, the
// hour of the day).
constexpr double k_least_decode_spread = 0.10;
constexpr double k_least_prefill_spread = 0.20;

// --- decode -----------------------------------------------------------------------------------

/// The step in the middle of a run stands for its median.
double mean_depth(const RunResult& run) {
  return run.context_depth + run.prompt_tokens + run.generated_tokens / 2.0;
}

CostBeliefs decode_beliefs(const Columns& columns, double bandwidth, unsigned threads) {
  CostBeliefs beliefs;
  for (const WeightFormat format : columns.dense) {
    beliefs.dense.push_back(1.0 / (format_prior(format).decode_efficiency * bandwidth));
  }
  for (const WeightFormat format : columns.experts) {
    const double efficiency = format_prior(format).decode_efficiency * k_expert_share;
    beliefs.experts.push_back(1.0 / (efficiency * bandwidth));
  }
  // Slices may fit a large cache and be read faster than memory; whole models are not.
  beliefs.floor = 1.0 / bandwidth;
  beliefs.engine_faster = k_engine_faster;
  beliefs.engine_slower = k_engine_slower;
  beliefs.format = k_format;
  beliefs.experts_all = k_experts;
  beliefs.fixed = {{k_seconds_per_layer, k_fixed},
                   {k_seconds_per_moe_layer, k_fixed},
                   {k_seconds_per_token, k_fixed},
                   {1.0 / (k_cache_efficiency * bandwidth), k_cache},
                   {k_seconds_per_score / threads, k_score}};
  return beliefs;
}

std::optional<Fit> fit_decode(const std::vector<PlannedRun>& runs, double bandwidth,
                              unsigned threads) {
  std::vector<Work> works;
  std::vector<const Statistic*> rates;
  for (const PlannedRun& planned : runs) {
    const auto& rate = planned.run->decode_tokens_per_second;
    if (!rate || !(rate->median > 0.0)) continue;
    works.push_back(
        decode_work(planned.spec, planned.plan, planned.cache, mean_depth(*planned.run)));
    rates.push_back(&*rate);
  }
  if (works.empty()) return std::nullopt;
  const Columns columns = columns_of(works);
  std::vector<Observation> observations;
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Work& work = works[i];
    observations.push_back(observation_of(
        columns, work, {work.layers, work.moe_layers, work.tokens, work.cache_bytes, work.scores},
        1.0 / rates[i]->median, relative_spread(*rates[i])));
  }
  return fit_costs(columns, decode_beliefs(columns, bandwidth, threads), observations,
                   k_least_decode_spread);
}

FormatRate decode_rate(WeightFormat format, double seconds_per_byte, double bandwidth,
                       double interval) {
  FormatRate rate;
  rate.format = format_name(format);
  rate.decode_efficiency = 1.0 / (seconds_per_byte * bandwidth);
  rate.decode_efficiency_low = rate.decode_efficiency / (1.0 + interval);
  rate.decode_efficiency_high = rate.decode_efficiency * (1.0 + interval);
  return rate;
}

void put_decode(const Fit& fit, Calibration& calibration) {
  const double bandwidth = calibration.read_bandwidth_bytes_per_second;
  std::size_t at = 0;
  for (const WeightFormat format : fit.columns.dense) {
    calibration.dense.push_back(decode_rate(format, fit.costs[at], bandwidth, fit.intervals[at]));
    ++at;
  }
  for (const WeightFormat format : fit.columns.experts) {
    calibration.moe.push_back(decode_rate(format, fit.costs[at], bandwidth, fit.intervals[at]));
    ++at;
  }
  calibration.seconds_per_layer = fit.costs[at];
  calibration.seconds_per_moe_layer = fit.costs[at + 1];
  calibration.seconds_per_token = fit.costs[at + 2];
  calibration.cache_efficiency = 1.0 / (fit.costs[at + 3] * bandwidth);
  calibration.seconds_per_score = fit.costs[at + 4];
}

// --- prefill ----------------------------------------------------------------------------------

double read_seconds(const std::map<WeightFormat, double>& bytes,
                    const std::vector<FormatRate>& rates, double bandwidth) {
  double seconds = 0.0;
  for (const auto& [format, amount] : bytes) {
    seconds += amount / (rate_of(rates, format).decode_efficiency * bandwidth);
  }
  return seconds;
}

/// The output head of one token, and what is fixed.
double head_seconds(const Calibration& calibration, const PlannedRun& planned) {
  return calibration.seconds_per_token + read_seconds(head_work(planned.spec, planned.plan).dense,
                                                      calibration.dense,
                                                      calibration.read_bandwidth_bytes_per_second);
}

/// What reading the weights of all passes would take in decode, those of one kind.
double pass_read_seconds(const Calibration& calibration, const Work& work, bool plain) {
  const double bandwidth = calibration.read_bandwidth_bytes_per_second;
  return read_seconds(of_kind(work.dense_reads, plain), calibration.dense, bandwidth) +
         read_seconds(of_kind(work.expert_reads, plain), calibration.moe, bandwidth);
}

CostBeliefs prefill_beliefs(const Columns& columns, double fma_flops, unsigned threads) {
  CostBeliefs beliefs;
  for (const WeightFormat format : columns.dense) {
    beliefs.dense.push_back(1.0 / (format_prior(format).prefill_per_fma_flops * fma_flops));
  }
  for (const WeightFormat format : columns.experts) {
    const double rate = format_prior(format).prefill_per_fma_flops * fma_flops;
    beliefs.experts.push_back(1.0 / (rate * k_expert_prefill_share));
  }
  beliefs.engine_faster = k_engine_prefill;
  beliefs.engine_slower = k_engine_prefill;
  beliefs.format = k_format;
  beliefs.experts_all = k_experts;
  beliefs.fixed = {{1.0 / (k_attention_per_fma * fma_flops), k_attention},
                   {1.0, k_pass_read},
                   {1.0, k_plain_pass_read},
                   {k_seconds_per_element / threads, k_element}};
  return beliefs;
}

double total_flops(const Work& work) {
  double sum = work.attention_flops;
  for (const auto& [format, flops] : work.dense) sum += flops;
  for (const auto& [format, flops] : work.experts) sum += flops;
  return sum;
}

struct PrefillRun {
  Work work;
  double seconds = 0.0;  // the head apart
  double spread = 0.0;
  double block_read_seconds = 0.0;
  double plain_read_seconds = 0.0;
};

std::vector<PrefillRun> prefill_runs(const std::vector<PlannedRun>& runs,
                                     const Calibration& calibration) {
  std::vector<PrefillRun> found;
  for (const PlannedRun& planned : runs) {
    const auto& rate = planned.run->prefill_tokens_per_second;
    if (!rate || !(rate->median > 0.0)) continue;
    const double tokens = planned.run->prompt_tokens;
    const double whole = tokens / rate->median;
    const double layers = whole - head_seconds(calibration, planned);
    // A head that takes more than half of the run leaves too little to tell the layers by.
    if (!(layers > 0.5 * whole)) continue;
    Work work = prefill_work(planned.spec, planned.plan,
                             {.tokens = tokens, .depth = planned.run->context_depth * 1.0});
    const double blocks = pass_read_seconds(calibration, work, false);
    const double plain = pass_read_seconds(calibration, work, true);
    found.push_back({std::move(work), layers, relative_spread(*rate), blocks, plain});
  }
  return found;
}

std::optional<Fit> fit_prefill(const std::vector<PrefillRun>& runs, double fma_flops,
                               unsigned threads) {
  if (runs.empty()) return std::nullopt;
  std::vector<Work> works;
  std::vector<double> implied;
  for (const PrefillRun& run : runs) {
    works.push_back(run.work);
    implied.push_back(total_flops(run.work) / run.seconds);
  }
  // Without a measured peak the runs themselves say what order of magnitude to believe in.
  if (!(fma_flops > 0.0)) fma_flops = median_of(implied);
  const Columns columns = columns_of(works);
  std::vector<Observation> observations;
  for (const PrefillRun& run : runs) {
    observations.push_back(observation_of(columns, run.work,
                                          {run.work.attention_flops, run.block_read_seconds,
                                           run.plain_read_seconds, run.work.elements},
                                          run.seconds, run.spread));
  }
  return fit_costs(columns, prefill_beliefs(columns, fma_flops, threads), observations,
                   k_least_prefill_spread);
}

void put_prefill_rates(const std::vector<WeightFormat>& formats, const Fit& fit, std::size_t at,
                       std::vector<FormatRate>& rates) {
  for (const WeightFormat format : formats) {
    const double seconds_per_flop = fit.costs[at];
    const double interval = fit.intervals[at++];
    const auto name = format_name(format);
    const auto found = std::find_if(rates.begin(), rates.end(),
                                    [&](const FormatRate& rate) { return rate.format == name; });
    if (found == rates.end()) continue;
    found->prefill_flops_per_second = 1.0 / seconds_per_flop;
    found->prefill_flops_per_second_low = found->prefill_flops_per_second / (1.0 + interval);
    found->prefill_flops_per_second_high = found->prefill_flops_per_second * (1.0 + interval);
  }
}

void put_prefill(const Fit& fit, Calibration& calibration) {
  put_prefill_rates(fit.columns.dense, fit, 0, calibration.dense);
  put_prefill_rates(fit.columns.experts, fit, fit.columns.expert_at(), calibration.moe);
  calibration.attention_flops_per_second = 1.0 / fit.costs[fit.columns.fixed_at()];
  calibration.pass_read_factor = fit.costs[fit.columns.fixed_at() + 1];
  calibration.plain_pass_read_factor = fit.costs[fit.columns.fixed_at() + 2];
  calibration.seconds_per_element = fit.costs[fit.columns.fixed_at() + 3];
}

// --- bandwidth --------------------------------------------------------------------------------

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
  const auto decode = fit_decode(*planned, calibration.read_bandwidth_bytes_per_second, threads);
  if (!decode) {
    return fail(
        ErrorCode::unknown,
        fmt::format("no valid run of the suite with {} threads is among the results", threads), {},
        "run `assay assess` to measure this machine");
  }
  put_decode(*decode, calibration);
  calibration.decode_watts = decode_watts_of(*planned);
  if (const Statistic* fma = for_threads(micro.fma_flops_per_second, threads)) {
    calibration.fma_flops_per_second = fma->median;
  }
  const auto prefill =
      fit_prefill(prefill_runs(*planned, calibration), calibration.fma_flops_per_second, threads);
  if (prefill) put_prefill(*prefill, calibration);
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
