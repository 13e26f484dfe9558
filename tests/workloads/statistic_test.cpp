#include "workloads/statistic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace assay {
namespace {

std::vector<double> one_to(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Statistic, DescribesOrderStatistics) {
  const Statistic statistic = describe({4.0, 1.0, 2.0, 10.0});
  EXPECT_DOUBLE_EQ(statistic.median, 3.0);
  EXPECT_DOUBLE_EQ(statistic.minimum, 1.0);
  EXPECT_DOUBLE_EQ(statistic.maximum, 10.0);
  // Deviations from 3: 1, 1, 2, 7.
  EXPECT_DOUBLE_EQ(statistic.mad, 1.5);
  EXPECT_EQ(statistic.samples, (std::vector<double>{4.0, 1.0, 2.0, 10.0}));
}

TEST(Statistic, HasNoIntervalBelowSixSamples) {
  // 1 - 2 / 2^5 = 93.75 % is less than 95 %.
  EXPECT_FALSE(describe(one_to(1)).ci95);
  EXPECT_FALSE(describe(one_to(5)).ci95);
  ASSERT_TRUE(describe(one_to(6)).ci95);
}

TEST(Statistic, IntervalHasTheRanksOfTheBinomialTable) {
  // Published ranks of the 95 % interval of a median: n = 6: 1, 10: 2, 20: 6, 50: 18.
  for (const auto& [n, rank] : {std::pair{6, 1}, {10, 2}, {20, 6}, {50, 18}}) {
    const auto interval = describe(one_to(static_cast<std::size_t>(n))).ci95;
    ASSERT_TRUE(interval) << n;
    EXPECT_DOUBLE_EQ(interval->low, rank) << n;
    EXPECT_DOUBLE_EQ(interval->high, n + 1 - rank) << n;
  }
}

TEST(Statistic, IntervalCoversTheMedianOfSkewedNoise) {
  std::mt19937_64 random(7);
  std::exponential_distribution<double> noise(1.0);
  const double true_median = std::log(2.0);
  int covered = 0;
  constexpr int k_trials = 2000;
  for (int trial = 0; trial < k_trials; ++trial) {
    std::vector<double> samples(11);
    std::ranges::generate(samples, [&] { return noise(random); });
    const auto interval = describe(samples).ci95;
    covered += interval->low <= true_median && true_median <= interval->high ? 1 : 0;
  }
  // True coverage at n = 11 is 98.8 %; four standard errors of 2000 trials are 1.0 %.
  EXPECT_GE(covered, 1950);
}

TEST(Statistic, PercentileInterpolates) {
  const std::vector<double> samples{30.0, 10.0, 20.0};
  EXPECT_DOUBLE_EQ(percentile(samples, 0.0), 10.0);
  EXPECT_DOUBLE_EQ(percentile(samples, 0.75), 25.0);
  EXPECT_DOUBLE_EQ(percentile(samples, 1.0), 30.0);
}

TEST(Statistic, VariationIgnoresOneOutlier) {
  EXPECT_NEAR(variation_ratio(describe({100.0, 101.0, 99.0, 100.0, 100.0, 10.0})), 0.0074, 0.0002);
}

}  // namespace
}  // namespace assay
