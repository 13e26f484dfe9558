#include "reports/compare/rank_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

/// The definition: the share of all choices of as many pooled values as `b` has whose rank sum lies
/// at least as far from the mean. Ranks by counting, so nothing is shared with the code under test.
double enumerated_p(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> pooled = a;
  pooled.insert(pooled.end(), b.begin(), b.end());
  std::vector<double> ranks;
  for (const double value : pooled) {
    double rank = 0.5;
    for (const double other : pooled) rank += other < value ? 1.0 : (other == value ? 0.5 : 0.0);
    ranks.push_back(rank);
  }
  const double mean = static_cast<double>(b.size()) * (static_cast<double>(pooled.size()) + 1) / 2;
  const double seen =
      std::accumulate(ranks.begin() + static_cast<std::ptrdiff_t>(a.size()), ranks.end(), 0.0);
  double extreme = 0, total = 0;
  for (unsigned choice = 0; choice < (1U << pooled.size()); ++choice) {
    if (static_cast<std::size_t>(std::popcount(choice)) != b.size()) continue;
    double sum = 0;
    for (std::size_t i = 0; i < pooled.size(); ++i) sum += (choice >> i & 1U) != 0 ? ranks[i] : 0;
    total += 1;
    if (std::abs(sum - mean) >= std::abs(seen - mean) - 1e-9) extreme += 1;
  }
  return extreme / total;
}

TEST(RankTest, GivesTheTabulatedProbabilities) {
  // U = 0, 2 and 3 of 5 + 5: 2 x {1, 4, 7} / 252 choices.
  const std::vector<double> a{1, 2, 3, 4, 5};
  EXPECT_NEAR(mann_whitney_p(a, std::vector<double>{6, 7, 8, 9, 10}), 2.0 / 252, 1e-12);
  EXPECT_NEAR(mann_whitney_p(a, std::vector<double>{3.5, 7, 8, 9, 10}), 8.0 / 252, 1e-12);
  EXPECT_NEAR(mann_whitney_p(a, std::vector<double>{2.5, 7, 8, 9, 10}), 14.0 / 252, 1e-12);
}

TEST(RankTest, CountsThePairsInFavourOfTheSecondSample) {
  const RankSum ranks = rank_sum(std::array{1.0, 2.0, 4.0}, std::array{2.0, 3.0});
  // (2 > 1), (2 = 2: half), (3 > 1), (3 > 2).
  EXPECT_DOUBLE_EQ(ranks.u, 3.5);
  EXPECT_DOUBLE_EQ(ranks.tie_term, 6.0);  // one pair of equal values: 2^3 - 2
}

TEST(RankTest, IsExactWithTies) {
  const std::vector<std::vector<double>> samples{
      {1, 2, 2, 3}, {2, 3, 3, 4, 5}, {7, 7, 7}, {6, 7}, {1, 1, 1, 2, 9, 9}};
  for (const auto& a : samples) {
    for (const auto& b : samples) {
      EXPECT_NEAR(mann_whitney_p(a, b), enumerated_p(a, b), 1e-12);
    }
  }
}

TEST(RankTest, HasNothingToSayOfEqualValues) {
  EXPECT_EQ(mann_whitney_p(std::array{2.0, 2.0, 2.0}, std::array{2.0, 2.0, 2.0}), 1.0);
  EXPECT_EQ(mann_whitney_p(std::vector<double>{}, std::array{2.0}), 1.0);
  const std::vector<double> many(40, 3.0);
  EXPECT_EQ(mann_whitney_p(many, many), 1.0);
}

TEST(RankTest, ApproximatesLargeSamples) {
  // a = 0 .. 39, b = a + 8.5: U counts pairs, 40 x 40 - 31 x 32 / 2 = 1104 of 1600, so
  // z = (|1104 - 800| - 0.5) / sqrt(1600 x 81 / 12) = 303.5 / 103.923 = 2.9204, p = 0.003496.
  std::vector<double> a(40), b(40);
  std::iota(a.begin(), a.end(), 0.0);
  std::iota(b.begin(), b.end(), 8.5);
  EXPECT_DOUBLE_EQ(rank_sum(a, b).u, 1104.0);
  EXPECT_NEAR(mann_whitney_p(a, b), 0.003496, 2e-6);
  // Values rounded to tens: groups of 20, 20, 20 (10 from 40..49 alone of b)... the tie term must
  // shrink the variance, so p with ties is below the untied formula of the same U.
  for (double& value : a) value = std::floor(value / 10);
  for (double& value : b) value = std::floor(value / 10);
  const RankSum tied = rank_sum(a, b);
  const double untied_z = (std::abs(tied.u - 800.0) - 0.5) / std::sqrt(1600.0 * 81 / 12);
  EXPECT_GT(tied.tie_term, 0.0);
  EXPECT_LT(mann_whitney_p(tied), std::erfc(untied_z / std::sqrt(2.0)));
}

TEST(RankTest, KnowsWhatASampleSizeCanReach) {
  EXPECT_NEAR(smallest_mann_whitney_p(5, 5), 2.0 / 252, 1e-12);
  EXPECT_EQ(smallest_mann_whitney_p(1, 1), 1.0);
  EXPECT_EQ(samples_to_reach(0.05), 4U);       // 2 / C(8, 4) = 0.0286
  EXPECT_EQ(samples_to_reach(0.05 / 18), 6U);  // 2 / C(12, 6) = 0.00216
}

TEST(RankTest, JoinsStrata) {
  // Two strata of 1 + 1, both in favour: weights 1/3, z = (2 x 1/3 x 1/2) / sqrt(2 x 1/9 x 1/4)
  // = sqrt(2), p = 0.157299.
  const std::vector<RankSum> strata(2, rank_sum(std::array{1.0}, std::array{2.0}));
  EXPECT_NEAR(stratified_p(strata), 0.157299, 1e-6);
  EXPECT_NEAR(smallest_stratified_p(strata), 0.157299, 1e-6);
  // One for, one against: nothing.
  const std::vector<RankSum> even{rank_sum(std::array{1.0}, std::array{2.0}),
                                  rank_sum(std::array{2.0}, std::array{1.0})};
  EXPECT_NEAR(stratified_p(even), 1.0, 1e-12);
}

TEST(RankTest, AdjustsByHolm) {
  // Sorted .005 .01 .03 .04, times 4 3 2 1, made monotone.
  EXPECT_THAT(adjust_holm(std::array{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                          DoubleNear(0.02, 1e-12)));
  EXPECT_THAT(adjust_holm(std::array{0.6, 0.9}), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(adjust_holm(std::vector<double>{}).empty());
}

}  // namespace
}  // namespace assay
