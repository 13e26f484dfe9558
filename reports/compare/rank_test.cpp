#include "reports/compare/rank_test.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t k_most_exact = 60;

double two_sided_normal(double z) { return std::erfc(std::abs(z) / std::sqrt(2.0)); }

double variance_of_u(const RankSum& ranks) {
  const auto a = static_cast<double>(ranks.a);
  const auto b = static_cast<double>(ranks.b);
  const double total = a + b;
  return a * b / 12.0 * (total + 1.0 - ranks.tie_term / (total * (total - 1.0)));
}

double normal_p(const RankSum& ranks) {
  const double variance = variance_of_u(ranks);
  if (!(variance > 0.0)) return 1.0;
  const double mean = static_cast<double>(ranks.a) * static_cast<double>(ranks.b) / 2.0;
  const double distance = std::max(0.0, std::abs(ranks.u - mean) - 0.5);
  return std::min(1.0, two_sided_normal(distance / std::sqrt(variance)));
}

/// Share of the choices of `chosen` ranks whose doubled sum lies at least as far from the mean as
/// `sum`.
double exact_p(const std::vector<unsigned>& doubled_ranks, std::size_t chosen, std::uint64_t sum) {
  const auto all = std::accumulate(doubled_ranks.begin(), doubled_ranks.end(), std::uint64_t{0});
  // ways[k][s]: choices of k ranks with doubled sum s, as doubles: C(60, 30) < 2^57 is nearly
  // exact.
  std::vector<std::vector<double>> ways(chosen + 1, std::vector<double>(all + 1, 0.0));
  ways[0][0] = 1.0;
  std::uint64_t reached = 0;
  for (const unsigned rank : doubled_ranks) {
    reached += rank;
    for (std::size_t k = chosen; k >= 1; --k) {
      for (std::uint64_t s = reached; s >= rank; --s) ways[k][s] += ways[k - 1][s - rank];
    }
  }
  // Distances from the mean in units of 1 / (2 n): integers, so that equal ones compare equal.
  const auto n = static_cast<std::int64_t>(doubled_ranks.size());
  const auto centre = static_cast<std::int64_t>(all * chosen);
  const auto distance = [&](std::uint64_t s) {
    return std::abs(static_cast<std::int64_t>(s) * n - centre);
  };
  double total = 0.0;
  double extreme = 0.0;
  for (std::uint64_t s = 0; s <= all; ++s) {
    total += ways[chosen][s];
    if (distance(s) >= distance(sum)) extreme += ways[chosen][s];
  }
  return std::min(1.0, extreme / total);
}

double stratified_z(std::span<const RankSum> strata, bool most_extreme) {
  double sum = 0.0;
  double variance = 0.0;
  for (const RankSum& ranks : strata) {
    if (ranks.a == 0 || ranks.b == 0) continue;
    const double weight = 1.0 / static_cast<double>(ranks.a + ranks.b + 1);
    const double mean = static_cast<double>(ranks.a) * static_cast<double>(ranks.b) / 2.0;
    sum += weight * (most_extreme ? mean : ranks.u - mean);
    RankSum untied = ranks;
    if (most_extreme) untied.tie_term = 0.0;
    variance += weight * weight * variance_of_u(untied);
  }
  return variance > 0.0 ? sum / std::sqrt(variance) : 0.0;
}

}  // namespace

RankSum rank_sum(std::span<const double> a, std::span<const double> b) {
  std::vector<std::pair<double, bool>> pooled;  // value, belongs to b
  pooled.reserve(a.size() + b.size());
  for (const double value : a) pooled.emplace_back(value, false);
  for (const double value : b) pooled.emplace_back(value, true);
  std::sort(pooled.begin(), pooled.end());
  RankSum result{.a = a.size(), .b = b.size(), .u = 0.0, .tie_term = 0.0, .doubled_ranks = {}};
  double rank_sum_of_b = 0.0;
  for (std::size_t first = 0; first < pooled.size();) {
    std::size_t end = first;
    while (end < pooled.size() && pooled[end].first == pooled[first].first) ++end;
    // Ranks first + 1 .. end share their mean, (first + 1 + end) / 2.
    const auto doubled = static_cast<unsigned>(first + 1 + end);
    const auto group = static_cast<double>(end - first);
    result.tie_term += group * group * group - group;
    for (; first < end; ++first) {
      result.doubled_ranks.push_back(doubled);
      if (pooled[first].second) rank_sum_of_b += static_cast<double>(doubled) / 2.0;
    }
  }
  const auto size = static_cast<double>(b.size());
  result.u = rank_sum_of_b - size * (size + 1.0) / 2.0;
  return result;
}

double mann_whitney_p(const RankSum& ranks) {
  if (ranks.a == 0 || ranks.b == 0) return 1.0;
  if (ranks.a + ranks.b > k_most_exact) return normal_p(ranks);
  const auto size = static_cast<double>(ranks.b);
  const double doubled_sum = 2.0 * ranks.u + size * (size + 1.0);
  return exact_p(ranks.doubled_ranks, ranks.b,
                 static_cast<std::uint64_t>(std::llround(doubled_sum)));
}

double mann_whitney_p(std::span<const double> a, std::span<const double> b) {
  return mann_whitney_p(rank_sum(a, b));
}

double smallest_mann_whitney_p(std::size_t a, std::size_t b) {
  const auto n = static_cast<double>(a);
  const auto m = static_cast<double>(b);
  const double log_choices = std::lgamma(n + m + 1.0) - std::lgamma(n + 1.0) - std::lgamma(m + 1.0);
  return std::min(1.0, 2.0 * std::exp(-log_choices));
}

std::size_t samples_to_reach(double p) {
  std::size_t count = 1;
  while (smallest_mann_whitney_p(count, count) > p && count < 1000) ++count;
  return count;
}

double stratified_p(std::span<const RankSum> strata) {
  return std::min(1.0, two_sided_normal(stratified_z(strata, false)));
}

double smallest_stratified_p(std::span<const RankSum> strata) {
  return std::min(1.0, two_sided_normal(stratified_z(strata, true)));
}

std::vector<double> adjust_holm(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double factor = static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, factor * p_values[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace assay
