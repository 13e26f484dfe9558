#include "advisor/cost/prefill_fit.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "advisor/cost/fit.hpp"
#include "advisor/cost/work.hpp"

namespace assay {
namespace {

// How sure the beliefs of format_prior.hpp are, as deviations of logarithms.
constexpr double k_engine_prefill = 1.0;
constexpr double k_attention_per_fma = 0.25;
constexpr double k_attention = 1.0;
// A value is loaded, put through a handful of vector operations and stored: about a cycle of 3 GHz.
constexpr double k_seconds_per_element = 0.33e-9;
constexpr double k_element = 1.0;
constexpr double k_pass_read = 0.7;  // right to a factor of two
// Plain values may be multiplied as they are, or be taken apart first.
constexpr double k_plain_pass_read = 1.0;

constexpr double k_least_prefill_spread = 0.20;  // see decode_fit.cpp

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
         read_seconds(of_kind(work.expert_reads, plain), expert_rates(calibration), bandwidth);
}

CostBeliefs prefill_beliefs(const Columns& columns, const FormatPriors& priors, double fma_flops,
                            unsigned threads) {
  CostBeliefs beliefs;
  for (const WeightFormat format : columns.dense) {
    beliefs.dense.push_back(1.0 / (priors.of(format).prefill_per_fma_flops * fma_flops));
  }
  for (const WeightFormat format : columns.experts) {
    const double rate = priors.of(format).prefill_per_fma_flops * fma_flops;
    beliefs.experts.push_back(1.0 / (rate * k_expert_prefill_share));
  }
  beliefs.engine_faster = k_engine_prefill;
  beliefs.engine_slower = k_engine_prefill;
  const bool timed = priors.all_timed(columns.dense) && priors.all_timed(columns.experts);
  beliefs.format = timed ? k_timed_format_width : k_format_width;
  beliefs.experts_all = k_experts_width;
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

std::optional<Fit> fit_prefill(const std::vector<PrefillRun>& runs, const FormatPriors& priors,
                               double fma_flops, unsigned threads) {
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
  return fit_costs(columns, prefill_beliefs(columns, priors, fma_flops, threads), observations,
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
  // Runs of mixtures that decoded nothing leave their decode rates to be borrowed.
  if (!fit.columns.experts.empty()) calibration.moe = expert_rates(calibration);
  put_prefill_rates(fit.columns.experts, fit, fit.columns.expert_at(), calibration.moe);
  calibration.attention_flops_per_second = 1.0 / fit.costs[fit.columns.fixed_at()];
  calibration.attention_interval = fit.intervals[fit.columns.fixed_at()];
  calibration.pass_read_factor = fit.costs[fit.columns.fixed_at() + 1];
  calibration.plain_pass_read_factor = fit.costs[fit.columns.fixed_at() + 2];
  calibration.seconds_per_element = fit.costs[fit.columns.fixed_at() + 3];
}

}  // namespace

void fit_prefill_costs(const std::vector<PlannedRun>& runs, const FormatPriors& priors,
                       Calibration& calibration) {
  const auto fit = fit_prefill(prefill_runs(runs, calibration), priors,
                               calibration.fma_flops_per_second, calibration.threads);
  if (fit) put_prefill(*fit, calibration);
}

}  // namespace assay
