#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace assay {

/// The rank-sum comparison of two samples, before it becomes a probability.
struct RankSum {
  std::size_t a = 0, b = 0;             // sample sizes
  double u = 0.0;                       // pairs in which b is the greater, ties counted half
  double tie_term = 0.0;                // sum of t^3 - t over groups of equal values
  std::vector<unsigned> doubled_ranks;  // twice the mid-ranks of the pooled samples
};
RankSum rank_sum(std::span<const double> a, std::span<const double> b);

/// Two-sided p of Mann-Whitney's test: exact given the ties for up to 60 samples in all (the
/// permutation distribution of the rank sum), else the normal approximation with tie and continuity
/// correction. 1 when a sample is empty or all values are equal.
/// Source: Mann and Whitney 1947; ties as in Lehmann, Nonparametrics (1975), section 1.4.
double mann_whitney_p(const RankSum& ranks);
double mann_whitney_p(std::span<const double> a, std::span<const double> b);

/// The smallest two-sided p that samples of these sizes can reach: 2 / C(a + b, a).
double smallest_mann_whitney_p(std::size_t a, std::size_t b);
/// How many samples on each side can reach `p`.
std::size_t samples_to_reach(double p);

/// Two-sided p of all strata together: rank sums within each, weighted 1 / (a + b + 1), normal
/// approximation. Source: van Elteren 1960.
double stratified_p(std::span<const RankSum> strata);
/// The smallest p that such strata can reach: every pair in favour of one side.
double smallest_stratified_p(std::span<const RankSum> strata);

/// Holm's step-down adjustment: the i-th smallest of m is multiplied by m - i + 1, made monotone,
/// cut at 1. Returned in the order given. Source: Holm 1979.
std::vector<double> adjust_holm(std::span<const double> p_values);

}  // namespace assay
