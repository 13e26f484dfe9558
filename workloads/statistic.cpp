#include "workloads/statistic.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay {
namespace {

/// Probability that exactly `k` of `n` fair coins show heads.
double binomial_half(std::size_t k, std::size_t n) {
  const double count = static_cast<double>(n);
  const double heads = static_cast<double>(k);
  return std::exp(std::lgamma(count + 1.0) - std::lgamma(heads + 1.0) -
                  std::lgamma(count - heads + 1.0) - count * std::log(2.0));
}

/// The order statistics X(r) and X(n+1-r) that enclose the median of any continuous distribution
/// with at least 95 %: the coverage is 1 - 2 P(Binomial(n, 1/2) < r). Source: David and Nagaraja,
/// Order Statistics, section 7.1.
std::optional<Statistic::Interval> median_interval(const std::vector<double>& sorted) {
  constexpr double k_tail = 0.025;
  const std::size_t n = sorted.size();
  std::size_t rank = 0;
  double below = binomial_half(0, n);  // P(Binomial(n, 1/2) <= rank)
  while (rank < n / 2 && below <= k_tail) {
    ++rank;
    below += binomial_half(rank, n);
  }
  if (rank == 0) return std::nullopt;
  return Statistic::Interval{sorted[rank - 1], sorted[n - rank]};
}

double middle(std::vector<double> values) {
  std::ranges::sort(values);
  return percentile(values, 0.5);
}

}  // namespace

double percentile(std::span<const double> samples, double p) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const double place = std::clamp(p, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = place - static_cast<double>(below);
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

Statistic describe(std::vector<double> samples) {
  std::vector<double> sorted = samples;
  std::ranges::sort(sorted);
  Statistic result;
  result.median = percentile(sorted, 0.5);
  result.minimum = sorted.front();
  result.maximum = sorted.back();
  result.ci95 = median_interval(sorted);
  std::vector<double> deviations;
  deviations.reserve(sorted.size());
  for (const double sample : sorted) deviations.push_back(std::abs(sample - result.median));
  result.mad = middle(std::move(deviations));
  result.samples = std::move(samples);
  return result;
}

double variation_ratio(const Statistic& statistic) {
  // 1 / Phi^-1(3/4): makes the MAD of normal noise its standard deviation.
  constexpr double k_mad_to_sigma = 1.4826;
  return statistic.median == 0.0 ? 0.0
                                 : k_mad_to_sigma * statistic.mad / std::abs(statistic.median);
}

std::optional<double> half_width_ratio(const Statistic& statistic) {
  if (!statistic.ci95 || statistic.median == 0.0) return std::nullopt;
  return (statistic.ci95->high - statistic.ci95->low) / 2.0 / std::abs(statistic.median);
}

}  // namespace assay
