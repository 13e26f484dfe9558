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

}  // namespace
}  // namespace assay
