#include "advisor/prediction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

double decode_rate(const Question& question, const Calibration& calibration) {
  return predict(question, calibration, gigabytes(64)).decode_tokens_per_second.expected;
}

// A large model is bound by bytes: its fixed costs (32 layers of 20 us and 0.1 ms) are under 1 % of
// a token, so half the bandwidth is half the rate to 1 %.
TEST(Prediction, HalfTheBandwidthIsHalfTheDecodeRate) {
  const Question question = question_about("llama-3.1-8b", Recipe::q4_k_m);
  const double full = decode_rate(question, example_calibration(40e9));
  const double half = decode_rate(question, example_calibration(20e9));
  EXPECT_NEAR(half / full, 0.5, 0.01);
}

TEST(Prediction, ASmallModelIsBoundByItsFixedCostsToo) {
  const Question question = question_about("smollm2-135m", Recipe::q4_0);
  const double full = decode_rate(question, example_calibration(40e9));
  const double half = decode_rate(question, example_calibration(20e9));
  EXPECT_GT(half / full, 0.52);
}

TEST(Prediction, AddsUpBytesLayersTokenAndCache) {
  const Question question = question_about("llama-3.1-8b", Recipe::f16);
  const Calibration calibration = example_calibration();
  const Footprint size = footprint(question.spec, question.plan, question.session);
  const double seconds = static_cast<double>(size.weights_per_token.value) / (0.9 * 40e9) +
                         32 * 20e-6 + 100e-6 +
                         512.0 * static_cast<double>(size.cache_per_position.value) / (0.5 * 40e9);
  // F32 norms borrow the rate of F16, equal priors: no difference but rounding.
  EXPECT_NEAR(decode_rate(question, calibration) * seconds, 1.0, 1e-9);
}

TEST(Prediction, ExpertsHaveTheirOwnRate) {
  const Question question = question_about("olmoe-1b-7b-0125", Recipe::q8_0);
  Calibration slower = example_calibration();
  for (FormatRate& rate : slower.moe) rate.decode_efficiency /= 2.0;
  EXPECT_LT(decode_rate(question, slower), 0.8 * decode_rate(question, example_calibration()));
}

TEST(Prediction, TheIntervalHoldsTheExpectation) {
  const Prediction prediction =
      predict(question_about("qwen3-4b", Recipe::q4_0), example_calibration(), gigabytes(16));
  for (const Estimate& estimate :
       {prediction.decode_tokens_per_second, prediction.prefill_tokens_per_second,
        prediction.time_to_first_token_seconds}) {
    EXPECT_EQ(estimate.origin, Origin::predicted);
    EXPECT_LT(estimate.low, estimate.expected);
    EXPECT_LT(estimate.expected, estimate.high);
  }
}

// Q4_0 was not measured: its rate is Q4_K's, scaled by the priors (0.96 to 0.90), and wider.
TEST(Prediction, AFormatThatWasNotRunHasAWiderInterval) {
  const auto width = [](Recipe recipe) {
    const Estimate rate =
        predict(question_about("llama-3.1-8b", recipe), example_calibration(), gigabytes(64))
            .decode_tokens_per_second;
    return (rate.high - rate.low) / rate.expected;
  };
  EXPECT_GT(width(Recipe::q4_0), 1.2 * width(Recipe::q4_k_m));
}

TEST(Prediction, DepthCostsTime) {
  Question question = question_about("olmoe-1b-7b-0125", Recipe::q4_k_m);
  const double shallow = decode_rate(question, example_calibration());
  question.depth = 4000;
  EXPECT_LT(decode_rate(question, example_calibration()), 0.9 * shallow);
}

TEST(Prediction, WithoutACalibrationOnlyMemoryIsKnown) {
  const Prediction prediction =
      predict(question_about("qwen3-4b", Recipe::q4_k_m), std::nullopt, gigabytes(16));
  EXPECT_EQ(prediction.decode_tokens_per_second.origin, Origin::unknown);
  EXPECT_EQ(prediction.time_to_first_token_seconds.origin, Origin::unknown);
  EXPECT_GT(prediction.footprint.peak().value, 0U);
}

TEST(Prediction, FromABandwidthAloneIsWideAndHasNoPrefill) {
  const auto calibration = calibration_from_profile(MachineProfile{}, 50e9);
  ASSERT_TRUE(calibration);
  const Prediction prediction =
      predict(question_about("qwen3-4b", Recipe::q4_k_m), *calibration, gigabytes(16));
  const Estimate& decode = prediction.decode_tokens_per_second;
  EXPECT_EQ(decode.basis, Basis::profile);
  EXPECT_GT(decode.high / decode.low, 1.8);
  // No processor reads more than the rated bandwidth.
  EXPECT_LT(decode.high * static_cast<double>(prediction.footprint.weights_per_token.value), 50e9);
  EXPECT_FALSE(prediction.prefill_tokens_per_second.is_known());
}

// Rates that users published for other machines and other engines (tests/fixtures/catalogue): each
// lies in the interval, and half of them within 15 % of the expectation. tg128 runs from an empty
// cache, 64 positions deep on average.
TEST(Prediction, FromABandwidthAloneHoldsPublishedRates) {
  const auto document =
      read_json_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/catalogue/cpu-speeds.json");
  ASSERT_TRUE(document);
  const auto rows = JsonFields(*document, "cpu-speeds.json").objects("speeds");
  ASSERT_TRUE(rows);
  std::vector<double> errors;
  for (const JsonFields& row : *rows) {
    const auto calibration = calibration_from_profile(
        MachineProfile{}, row.number("assumed_bandwidth_bytes_per_second").value());
    Question question = question_about(row.text("model").value(),
                                       recipe_from_name(row.text("format").value()).value());
    question.depth = 64;
    const Estimate rate = predict(question, *calibration, gigabytes(64)).decode_tokens_per_second;
    const double measured = row.number("decode_tokens_per_second").value();
    EXPECT_LE(rate.low, measured) << question.model << " " << question.format;
    EXPECT_GE(rate.high, measured) << question.model << " " << question.format;
    errors.push_back(std::abs(rate.expected / measured - 1.0));
  }
  EXPECT_GE(errors.size(), 20U);
  EXPECT_LT(describe(errors).median, 0.15);
}

TEST(Prediction, NoBandwidthIsNeverGuessed) {
  const auto calibration = calibration_from_profile(MachineProfile{}, std::nullopt);
  ASSERT_FALSE(calibration);
  EXPECT_EQ(calibration.error().code, ErrorCode::unknown);
}

}  // namespace
}  // namespace assay
