#include "workloads/measure/validity.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace assay {
namespace {

// Thresholds of the measurement protocol; docs/method.md says how they were chosen.
constexpr double k_impossible_margin = 1.05;
constexpr double k_noisy_half_width = 0.10;
constexpr double k_steady_variation = 0.05;
constexpr double k_noticeable_steal = 0.01;
constexpr double k_noticeable_neighbours = 0.05;

class Verdict {
 public:
  void at_least(Validity validity, std::string reason) {
    result_.validity = std::max(result_.validity, validity);
    result_.reasons.push_back(std::move(reason));
  }
  Judgement take() { return std::move(result_); }

 private:
  Judgement result_;
};

void check_spread(const char* what, const std::optional<Statistic>& rate, double target,
                  Verdict& verdict) {
  if (!rate) return;
  const auto half_width = half_width_ratio(*rate);
  if (!half_width) {
    verdict.at_least(Validity::noisy, fmt::format("{}: {} repetitions give no confidence interval",
                                                  what, rate->samples.size()));
    return;
  }
  const double noisy = std::max(target, k_noisy_half_width);
  if (*half_width > target) {
    verdict.at_least(*half_width > noisy ? Validity::unstable : Validity::noisy,
                     fmt::format("{}: the median is known to {:.1f} % (wanted {:.1f} %)", what,
                                 *half_width * 100.0, target * 100.0));
  } else if (variation_ratio(*rate) > k_steady_variation) {
    verdict.at_least(Validity::noisy, fmt::format("{}: repetitions vary by {:.1f} %", what,
                                                  variation_ratio(*rate) * 100.0));
  }
}

void check_neighbours(const Interference& seen, Verdict& verdict) {
  if (seen.steal_ratio.value_or(0.0) > k_noticeable_steal) {
    verdict.at_least(Validity::noisy, fmt::format("the hypervisor took {:.1f} % of the CPU time",
                                                  *seen.steal_ratio * 100.0));
  }
  if (seen.neighbours_ratio.value_or(0.0) > k_noticeable_neighbours) {
    verdict.at_least(Validity::noisy, fmt::format("other processes used {:.0f} % of the CPU time",
                                                  *seen.neighbours_ratio * 100.0));
  }
  if (seen.major_faults > 0) {
    verdict.at_least(
        Validity::noisy,
        fmt::format("{} pages had to be read from disk while measuring", seen.major_faults));
  }
  if (seen.on_battery) verdict.at_least(Validity::noisy, "the machine runs on battery");
}

/// Speeds that this machine cannot reach mean that work was left out.
void check_plausibility(const RunResult& run, const RunEvidence& evidence, Verdict& verdict) {
  const double from_memory = bytes_from_memory(run.decode_bytes_per_token, evidence.cache);
  if (run.decode_tokens_per_second && evidence.read_bandwidth_bytes_per_second) {
    const double limit = k_impossible_margin * *evidence.read_bandwidth_bytes_per_second;
    const double moved = run.decode_tokens_per_second->median * from_memory;
    if (moved > limit) {
      verdict.at_least(Validity::invalid,
                       fmt::format("impossible: decode would read {:.1f} GB/s (measured read "
                                   "bandwidth {:.1f} GB/s)",
                                   moved / 1e9, *evidence.read_bandwidth_bytes_per_second / 1e9));
    }
    // A token in a fifth of the least time was not computed. The tenth that is let pass is for
    // clocks.
    constexpr double k_not_computed = 5.0;
    constexpr double k_let_pass = 0.10;
    const double shortest = from_memory / (k_not_computed * limit);
    const auto early = std::ranges::count_if(
        evidence.inter_token_seconds, [shortest](double seconds) { return seconds < shortest; });
    const auto all = static_cast<double>(evidence.inter_token_seconds.size());
    if (static_cast<double>(early) > k_let_pass * all) {
      verdict.at_least(Validity::invalid,
                       fmt::format("impossible: {} of {} tokens came faster than memory can "
                                   "deliver their weights",
                                   early, evidence.inter_token_seconds.size()));
    }
  }
  if (run.prefill_tokens_per_second && evidence.compute_ops_per_second) {
    const double done = run.prefill_tokens_per_second->median * run.prefill_flops_per_token;
    if (done > k_impossible_margin * *evidence.compute_ops_per_second) {
      verdict.at_least(
          Validity::invalid,
          fmt::format("impossible: prefill would do {:.0f} GOP/s (measured peak {:.0f} GOP/s)",
                      done / 1e9, *evidence.compute_ops_per_second / 1e9));
    }
  }
}

}  // namespace

double bytes_from_memory(double bytes_per_token, Bytes cache) {
  return std::max(0.0, bytes_per_token - static_cast<double>(cache.value));
}

Judgement assess_validity(const RunResult& run, const RunEvidence& evidence) {
  Verdict verdict;
  for (const std::string& fault : evidence.faults) verdict.at_least(Validity::invalid, fault);
  if (run.verification && !run.verification->passed) {
    verdict.at_least(Validity::invalid, "wrong output: " + run.verification->reason);
  }
  check_plausibility(run, evidence, verdict);
  check_spread("prefill", run.prefill_tokens_per_second, evidence.target_half_width_ratio, verdict);
  check_spread("decode", run.decode_tokens_per_second, evidence.target_half_width_ratio, verdict);
  check_neighbours(evidence.interference, verdict);
  return verdict.take();
}

}  // namespace assay
