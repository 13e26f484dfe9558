#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/cost/format_prior.hpp"
#include "advisor/cost/prompt_prior.hpp"
#include "advisor/words/phrases.hpp"

namespace assay {
namespace {

/// Rates of every listed format at the prior, with one interval.
std::vector<FormatRate> prior_rates(double share, double low, double high) {
  std::vector<FormatRate> rates;
  for (const FormatPrior& prior : format_priors()) {
    FormatRate rate;
    rate.format = format_name(prior.format);
    rate.decode_efficiency = prior.decode_efficiency * share;
    rate.decode_efficiency_low = rate.decode_efficiency * low;
    rate.decode_efficiency_high = std::min(1.0, rate.decode_efficiency * high);
    rates.push_back(std::move(rate));
  }
  return rates;
}

bool is_plain(const std::string& format) {
  return format == "F32" || format == "F16" || format == "BF16";
}

/// `share` of what dense layers reach.
void put_prompt_rates(const PromptPrior& prior, double share, std::vector<FormatRate>& rates) {
  for (FormatRate& rate : rates) {
    const PromptPrior::Range& range = is_plain(rate.format) ? prior.plain : prior.integer;
    rate.prefill_flops_per_second = share * range.expected;
    rate.prefill_flops_per_second_low = share * range.low;
    rate.prefill_flops_per_second_high = share * range.high;
  }
}

}  // namespace

std::optional<double> plausible_bandwidth(const Fact<double>& told) {
  // Ten times the widest memory of a GPU (8 TB/s), and more than any machine's caches.
  constexpr double k_most = 1e14;
  if (!told.is_known() || !(told.value() > 0.0) || told.value() > k_most) return std::nullopt;
  return told.value();
}

Result<Calibration> calibration_from_profile(const MachineProfile& machine,
                                             std::optional<double> bandwidth_bytes_per_second,
                                             std::optional<unsigned> threads) {
  // Shares of the rated bandwidth that processors were measured to reach: 0.55 (servers, several
  // chiplets) to 0.97 (one memory controller per core cluster). Shares of that
  // which whole models reach: 0.85 to 1.05 of a format's prior.
  constexpr double k_reached_low = 0.55;
  constexpr double k_reached_high = 0.97;
  const auto rated = plausible_bandwidth(
      bandwidth_bytes_per_second ? Fact<double>::known(*bandwidth_bytes_per_second, "given")
                                 : machine.memory.theoretical_bandwidth_bytes_per_second);
  if (!rated) {
    return fail(ErrorCode::unknown, "no plausible memory bandwidth is measured or given", {},
                "run `assay assess` to measure this machine, or give --bandwidth");
  }
  const double bandwidth = *rated;
  Calibration calibration;
  calibration.basis = Basis::profile;
  calibration.threads = threads.value_or(machine.cpu.usable_cpus.value_or(1));
  calibration.origin = "a rated memory bandwidth of " + bandwidth_words(bandwidth);
  calibration.read_bandwidth_bytes_per_second = bandwidth * k_reached_of_rated;
  calibration.is_share_of_rated = true;
  calibration.read_bandwidth_low = bandwidth * k_reached_low;
  calibration.read_bandwidth_high = bandwidth * k_reached_high;
  calibration.dense = prior_rates(0.95, 0.9, 1.1);
  calibration.moe = prior_rates(0.95 * k_expert_share, 0.75, 1.15);
  calibration.seconds_per_layer = k_seconds_per_layer;
  calibration.seconds_per_moe_layer = k_seconds_per_moe_layer;
  calibration.seconds_per_token = k_seconds_per_token;
  calibration.cache_efficiency = k_cache_efficiency;
  calibration.seconds_per_score = k_seconds_per_score / std::max(1U, calibration.threads);
  if (const auto prompts = prompt_prior(machine.cpu, calibration.threads)) {
    put_prompt_rates(*prompts, 1.0, calibration.dense);
    put_prompt_rates(*prompts, k_expert_prefill_share, calibration.moe);
    calibration.attention_flops_per_second = prompts->plain.expected;
  }
  return calibration;
}

}  // namespace assay
