#include "advisor/cost/decode_fit.hpp"

#include <optional>
#include <utility>

#include "advisor/cost/fit.hpp"
#include "advisor/cost/reread.hpp"
#include "advisor/cost/work.hpp"

namespace assay {
namespace {

// How sure the beliefs of format_prior.hpp are, as deviations of logarithms. An engine may be many
// times slower than believed (no vector kernels), hardly faster: the bandwidth bounds it.
constexpr double k_engine_faster = 0.1;
constexpr double k_engine_slower = 1.0;
constexpr double k_fixed = 1.0;   // right to an order of magnitude
constexpr double k_cache = 0.15;  // the spread of 16-bit formats between processors
constexpr double k_score = 1.0;
constexpr double k_timed_score = 0.3;  // other heads than those that were timed

// An interval is never narrower than this: what other models add (other widths and depths, the
// hour of the day).
constexpr double k_least_decode_spread = 0.10;

/// The step in the middle of a run stands for its median.
double mean_depth(const RunResult& run) {
  return run.context_depth + run.prompt_tokens + run.generated_tokens / 2.0;
}

CostBeliefs decode_beliefs(const Columns& columns, const FormatPriors& priors,
                           const AttentionPrior& attention, double bandwidth) {
  CostBeliefs beliefs;
  for (const WeightFormat format : columns.dense) {
    beliefs.dense.push_back(1.0 / (priors.of(format).decode_efficiency * bandwidth));
  }
  for (const WeightFormat format : columns.experts) {
    const double efficiency = priors.of(format).decode_efficiency * k_expert_share;
    beliefs.experts.push_back(1.0 / (efficiency * bandwidth));
  }
  // What a cache holds counts as less already (from_memory).
  beliefs.floor = 1.0 / bandwidth;
  beliefs.engine_faster = k_engine_faster;
  beliefs.engine_slower = k_engine_slower;
  const bool timed = priors.all_timed(columns.dense) && priors.all_timed(columns.experts);
  beliefs.format = timed ? k_timed_format_width : k_format_width;
  beliefs.experts_all = k_experts_width;
  beliefs.fixed = {{k_seconds_per_layer, k_fixed},
                   {k_seconds_per_moe_layer, k_fixed},
                   {k_seconds_per_token, k_fixed},
                   {1.0 / (attention.cache_efficiency * bandwidth), k_cache},
                   {attention.seconds_per_score, attention.timed ? k_timed_score : k_score}};
  return beliefs;
}

std::optional<Fit> fit_decode(const std::vector<PlannedRun>& runs, const FormatPriors& priors,
                              const AttentionPrior& attention, const Calibration& calibration) {
  std::vector<Work> works;
  std::vector<const Statistic*> rates;
  for (const PlannedRun& planned : runs) {
    const auto& rate = planned.run->decode_tokens_per_second;
    if (!rate || !(rate->median > 0.0)) continue;
    works.push_back(from_memory(
        decode_work(planned.spec, planned.plan, planned.cache, mean_depth(*planned.run)),
        calibration.reread));
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
  return fit_costs(
      columns,
      decode_beliefs(columns, priors, attention, calibration.read_bandwidth_bytes_per_second),
      observations, k_least_decode_spread);
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
  calibration.cache_interval = fit.intervals[at + 3];
  calibration.seconds_per_score = fit.costs[at + 4];
  calibration.score_interval = fit.intervals[at + 4];
}

}  // namespace

bool fit_decode_costs(const std::vector<PlannedRun>& runs, const FormatPriors& priors,
                      const AttentionPrior& attention, Calibration& calibration) {
  const auto fit = fit_decode(runs, priors, attention, calibration);
  if (!fit) return false;
  put_decode(*fit, calibration);
  return true;
}

}  // namespace assay
