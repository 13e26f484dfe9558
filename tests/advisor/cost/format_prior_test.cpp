#include "advisor/cost/format_prior.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

FormatRate prefill_rate(WeightFormat format, double flops_per_second) {
  FormatRate rate;
  rate.format = format_name(format);
  rate.prefill_flops_per_second = flops_per_second;
  return rate;
}

double belief(WeightFormat format) { return format_prior(format).prefill_per_fma_flops; }

TEST(FormatContrast, IsWholeWhereFormatsDifferAsBelieved) {
  EXPECT_NEAR(format_contrast({prefill_rate(WeightFormat::q8_0, belief(WeightFormat::q8_0)),
                               prefill_rate(WeightFormat::q4_k, belief(WeightFormat::q4_k))}),
              1.0, 1e-12);
}

TEST(FormatContrast, IsNoneWhereFormatsAreAlike) {
  const std::vector<FormatRate> rates{prefill_rate(WeightFormat::q8_0, 700e9),
                                      prefill_rate(WeightFormat::q4_k, 700e9)};
  EXPECT_DOUBLE_EQ(format_contrast(rates), 0.0);
  EXPECT_DOUBLE_EQ(rate_of(rates, WeightFormat::q4_0).prefill_flops_per_second, 700e9);
}

TEST(FormatContrast, IsBelievedInFullOfOneFormat) {
  EXPECT_DOUBLE_EQ(format_contrast({prefill_rate(WeightFormat::q8_0, 700e9)}), 1.0);
}

// 16-bit weights meet other products: they say nothing about formats of integers.
TEST(FormatContrast, LeavesWideFormatsAside) {
  EXPECT_DOUBLE_EQ(format_contrast({prefill_rate(WeightFormat::q8_0, 700e9),
                                    prefill_rate(WeightFormat::f16, 100e9)}),
                   1.0);
}

TEST(FormatPriors, AreWhatKernelsReachedWhereTheyWereTimed) {
  const FormatPriors priors({{WeightFormat::q4_0, 0.7, 2.0}});
  EXPECT_DOUBLE_EQ(priors.of(WeightFormat::q4_0).decode_efficiency, 0.7);
  EXPECT_DOUBLE_EQ(priors.of(WeightFormat::q8_0).decode_efficiency,
                   format_prior(WeightFormat::q8_0).decode_efficiency);
}

// Q4_K ran at 30 % below its kernels; so will Q4_0, whose kernels read four fifths as much and
// multiply half as fast.
TEST(FormatPriors, FormatsThatNoRunHadFollowTheirKernels) {
  const FormatPriors priors({{WeightFormat::q4_k, 0.8, 2.0}, {WeightFormat::q4_0, 0.64, 1.0}});
  FormatRate run = prefill_rate(WeightFormat::q4_k, 700e9);
  run.decode_efficiency = 0.56;
  run.decode_efficiency_low = 0.5;
  std::vector<FormatRate> rates{run};
  add_timed_formats(priors, rates);
  ASSERT_EQ(rates.size(), 2U);
  EXPECT_FALSE(rates[0].borrowed);
  EXPECT_TRUE(rates[1].borrowed);
  EXPECT_EQ(rates[1].format, "Q4_0");
  EXPECT_DOUBLE_EQ(rates[1].decode_efficiency, 0.56 * 0.8);
  EXPECT_DOUBLE_EQ(rates[1].decode_efficiency_low, 0.5 * 0.8 * 0.93);
  EXPECT_DOUBLE_EQ(rates[1].prefill_flops_per_second, 350e9);
  std::vector<FormatRate> none;
  add_timed_formats(priors, none);
  EXPECT_TRUE(none.empty());
}

TEST(FormatPriors, WhatWasTimedIsNotComparedWithWhatWasNot) {
  const FormatPriors priors({{WeightFormat::q4_0, 0.64, 1.0}});
  EXPECT_TRUE(priors.all_timed(std::vector{WeightFormat::q4_0}));
  EXPECT_FALSE(priors.all_timed(std::vector{WeightFormat::q4_0, WeightFormat::q8_0}));
  std::vector<FormatRate> rates{prefill_rate(WeightFormat::q8_0, 700e9)};
  add_timed_formats(priors, rates);
  EXPECT_EQ(rates.size(), 1U);
}

// Q8_0 ran better than its kernels alone: nothing is expected to be read faster than memory.
TEST(FormatPriors, NoFormatIsExpectedToReadFasterThanMemory) {
  const FormatPriors priors({{WeightFormat::q8_0, 0.9, 1.0}, {WeightFormat::q4_0, 0.97, 1.0}});
  FormatRate run = prefill_rate(WeightFormat::q8_0, 700e9);
  run.decode_efficiency = run.decode_efficiency_low = run.decode_efficiency_high = 0.97;
  std::vector<FormatRate> rates{run};
  add_timed_formats(priors, rates);
  ASSERT_EQ(rates.size(), 2U);
  EXPECT_DOUBLE_EQ(rates[1].decode_efficiency, 1.0);
  EXPECT_DOUBLE_EQ(rates[1].decode_efficiency_low, 0.93);
}

}  // namespace
}  // namespace assay
