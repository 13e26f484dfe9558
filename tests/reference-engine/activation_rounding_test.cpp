#include "reference-engine/quant/activation_rounding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace assay {
namespace {

std::vector<float> rounded(ActivationRounding rounding, std::vector<float> values) {
  round_activations(rounding, values);
  return values;
}

using Values = std::vector<float>;

TEST(ActivationRounding, LeavesValuesAloneWhereThereIsNone) {
  EXPECT_EQ(rounded(ActivationRounding::none, {0.1F, 1e30F}), (Values{0.1F, 1e30F}));
}

TEST(ActivationRounding, TakesTheNearestBfloat16) {
  // 8 bits: from 1 to 2 the step is 2^-7; what lies in the middle goes to the even neighbour.
  EXPECT_EQ(rounded(ActivationRounding::bf16, {1.0F + 0x1p-9F, 1.0F + 0x1p-8F, 1.0F + 0x1.8p-7F}),
            (Values{1.0F, 1.0F, 1.0F + 0x1p-6F}));
}

TEST(ActivationRounding, TakesTheNearestBinary16) {
  // 11 bits: from 1 to 2 the step is 2^-10.
  EXPECT_EQ(rounded(ActivationRounding::f16, {1.0F + 0x1p-12F, 1.0F + 0x1p-11F, 1.0F + 0x1.8p-10F}),
            (Values{1.0F, 1.0F, 1.0F + 0x1p-9F}));
}

TEST(ActivationRounding, ScalesWhatBinary16CannotHold) {
  const float third = 1.0F / 3.0F;
  const float nearest = 0x1.554p-2F;  // 1365 * 2^-12
  for (const float size : {0x1p-100F, 0x1p-20F, 1.0F, 0x1p17F, 0x1p120F}) {
    EXPECT_EQ(rounded(ActivationRounding::f16, {third * size, -size}),
              (Values{nearest * size, -size}))
        << size;
  }
  // 65520 would be infinite; it lies in the middle of 65504 and 65536.
  EXPECT_EQ(rounded(ActivationRounding::f16, {65520.0F}), Values{65536.0F});
  EXPECT_EQ(rounded(ActivationRounding::f16, {0.0F, -0.0F}), (Values{0.0F, -0.0F}));
}

TEST(ActivationRounding, SharesAScaleAmong256Values) {
  // Beside 1 the least number is 2^-24 / 2^14.
  const float lost = 0x1p-40F;
  Values values(300, 0.0F);
  values[0] = 1.0F;
  values[255] = values[256] = lost;
  const Values out = rounded(ActivationRounding::f16, values);
  EXPECT_EQ(out[255], 0.0F);
  EXPECT_EQ(out[256], lost);
}

TEST(ActivationRounding, KeepsWhatIsNotFinite) {
  for (const auto rounding : {ActivationRounding::bf16, ActivationRounding::f16}) {
    const Values out = rounded(rounding, {INFINITY, -INFINITY, NAN, 0.0F});
    EXPECT_EQ(out[0], INFINITY);
    EXPECT_EQ(out[1], -INFINITY);
    EXPECT_TRUE(std::isnan(out[2]));
    EXPECT_EQ(out[3], 0.0F);
  }
}

TEST(ActivationRounding, CostsWhatUniformErrorsDo) {
  constexpr int k_values = 4096;
  for (const auto rounding : {ActivationRounding::bf16, ActivationRounding::f16}) {
    Values values(k_values);
    for (int i = 0; i < k_values; ++i) {
      values[static_cast<std::size_t>(i)] =
          1.0F + static_cast<float>(std::fmod(i * 0.6180339887498949, 1.0));
    }
    const Values out = rounded(rounding, values);
    double error = 0.0;
    double energy = 0.0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      error += std::pow(static_cast<double>(out[i]) - static_cast<double>(values[i]), 2);
      energy += std::pow(static_cast<double>(values[i]), 2);
    }
    EXPECT_NEAR(error / energy / rounding_error(rounding), 1.0, 0.1);
  }
  EXPECT_EQ(rounding_error(ActivationRounding::none), 0.0);
}

}  // namespace
}  // namespace assay
