#include "advisor/engine_factor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;

const Catalogue& catalogue() {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  return k_catalogue;
}

EngineRow row_of(const std::string& model, std::optional<std::uint64_t> parameters = {}) {
  EngineRow row;
  row.engine = "llama.cpp";
  row.model = model;
  row.format = "Q4_K_M";
  row.parameters = parameters;
  row.threads = 4;
  row.generated_tokens = 128;
  row.depth = 448;
  row.tokens_per_second = 10.0;
  return row;
}

std::uint64_t parameters_of(const std::string& id) {
  return tensor_plan(catalogue().find(id)->spec, Recipe::f16)->parameters();
}

TEST(ModelOfRow, IsFoundByTheNameOfItsFile) {
  const auto found =
      model_of_row(row_of("Qwen3-1.7B-Q4_K_M.gguf", parameters_of("qwen3-1.7b")), catalogue());
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ((*found)->id, "qwen3-1.7b");
}

TEST(ModelOfRow, AnExactNameOfTheCatalogueNeedsNoSize) {
  EXPECT_EQ(model_of_row(row_of("qwen3-4b"), catalogue()).value()->id, "qwen3-4b");
}

TEST(ModelOfRow, ANameOfAnotherSizeIsNotBelieved) {
  const auto found =
      model_of_row(row_of("Qwen3-1.7B-pruned-Q4_K_M.gguf", 1'111'111'111), catalogue());
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("--model"));
}

// 128 tokens from position 448 on: the mean depth is 512, where the question's rate holds.
TEST(EngineFactor, IsTheirSpeedOverWhatAssayPredictsOfTheSameWork) {
  const Question question = question_about("qwen3-1.7b", Recipe::q4_k_m);
  const Calibration calibration = example_calibration();
  const auto factor =
      factor_of(row_of("qwen3-1.7b"), "qwen3-1.7b", question.spec, question.plan, calibration);
  ASSERT_TRUE(factor) << factor.error().text();
  const double predicted =
      predict(question, calibration, gigabytes(16)).decode_tokens_per_second.expected;
  EXPECT_DOUBLE_EQ(factor->predicted_tokens_per_second, predicted);
  EXPECT_DOUBLE_EQ(factor->ratio(), 10.0 / predicted);
}

TEST(EngineFactor, OfAPromptComparesPrefill) {
  EngineRow row = row_of("qwen3-1.7b");
  row.prompt_tokens = 128;
  row.generated_tokens = 0;
  row.depth = 0;
  const Question question = question_about("qwen3-1.7b", Recipe::q4_k_m);
  const auto factor =
      factor_of(row, "qwen3-1.7b", question.spec, question.plan, example_calibration());
  ASSERT_TRUE(factor);
  EXPECT_FALSE(factor->is_decode());
  EXPECT_DOUBLE_EQ(
      factor->predicted_tokens_per_second,
      predict(question, example_calibration(), gigabytes(16)).prefill_tokens_per_second.expected);
}

EngineFactor factor_with(double ratio, const std::string& format, std::uint64_t depth = 0) {
  EngineFactor factor;
  factor.engine = "llama.cpp";
  factor.model = "m";
  factor.format = format;
  factor.depth = depth;
  factor.generated_tokens = 128;
  factor.tokens_per_second = ratio;
  factor.predicted_tokens_per_second = 1.0;
  return factor;
}

TEST(MergeFactors, TheSameWorkTakesThePlaceOfTheEarlier) {
  std::vector<EngineFactor> known{factor_with(0.5, "Q8_0"), factor_with(0.6, "Q4_K_M")};
  merge_factors(known, {factor_with(0.7, "Q8_0"), factor_with(0.8, "Q8_0", 512)});
  ASSERT_EQ(known.size(), 3U);
  EXPECT_DOUBLE_EQ(known[1].ratio(), 0.7);
}

const Estimate k_decode{8.0, 10.0, 12.0, Origin::predicted, Basis::this_machine};

TEST(EngineEstimates, AreTheMedianOfTheFormatsOwnRuns) {
  const std::vector<EngineFactor> factors{factor_with(0.5, "Q4_K_M"), factor_with(0.6, "Q4_K_M"),
                                          factor_with(0.9, "Q4_K_M"), factor_with(2.0, "Q8_0")};
  const auto estimates = engine_estimates(factors, "Q4_K_M", k_decode);
  ASSERT_EQ(estimates.size(), 1U);
  EXPECT_EQ(estimates[0].runs, 3U);
  EXPECT_EQ(estimates[0].format, "Q4_K_M");
  EXPECT_DOUBLE_EQ(estimates[0].ratio, 0.6);
  EXPECT_DOUBLE_EQ(estimates[0].decode_tokens_per_second.expected, 6.0);
  EXPECT_DOUBLE_EQ(estimates[0].decode_tokens_per_second.low, 4.0);    // 8 x 0.5
  EXPECT_DOUBLE_EQ(estimates[0].decode_tokens_per_second.high, 10.8);  // 12 x 0.9
}

TEST(EngineEstimates, OtherFormatsStandInAndAreNotNamed) {
  const std::vector<EngineFactor> factors{factor_with(0.5, "Q4_K_M")};
  const auto estimates = engine_estimates(factors, "F16", k_decode);
  ASSERT_EQ(estimates.size(), 1U);
  EXPECT_TRUE(estimates[0].format.empty());
}

TEST(EngineEstimates, NeedARateAndDecodedTokens) {
  std::vector<EngineFactor> factors{factor_with(0.5, "Q4_K_M")};
  EXPECT_TRUE(engine_estimates(factors, "Q4_K_M", Estimate{}).empty());
  factors[0].prompt_tokens = 512;
  EXPECT_TRUE(engine_estimates(factors, "Q4_K_M", k_decode).empty());
}

TEST(EngineFactor, IsTheSameAfterWritingAndReading) {
  const Json json = engine_factor_to_json(factor_with(0.5, "Q4_K_M", 512));
  const auto back = engine_factor_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(engine_factor_to_json(*back).dump(), json.dump());
  Json broken = json;
  broken["predicted_tokens_per_second"] = 0.0;
  EXPECT_FALSE(engine_factor_from_json(JsonFields(broken, "test")));
}

}  // namespace
}  // namespace assay
