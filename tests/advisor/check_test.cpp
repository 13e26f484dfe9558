#include "advisor/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What ran: qwen3-1.7b, 128 tokens read, 16 decoded behind them, at the rates that are given.
RunResult run_of(double decode, double first_token) {
  RunResult run;
  run.model.id = "qwen3-1.7b";
  run.model.format = "Q4_K_M";
  run.model.layers = 28;
  run.model.full_layers = 28;
  run.engine.isa = "avx512";
  run.engine.threads = 4;
  run.prompt_tokens = 128;
  run.generated_tokens = 16;
  run.decode_tokens_per_second = describe({decode});
  run.time_to_first_token_seconds = describe({first_token});
  run.prefill_peak = "int8_ops_per_second";
  run.predicted_peak = Bytes(2'000'000'000);
  run.measured_peak = Fact<Bytes>::known(Bytes(2'010'000'000), "test");
  return run;
}

MicroResults limits(double bandwidth, double int8 = 1e12) {
  MicroResults micro;
  micro.read_bandwidth_bytes_per_second[4] = describe({bandwidth});
  micro.int8_ops_per_second[4] = describe({int8});
  return micro;
}

/// A calibration from a run of a shape of the suite on the same kernels.
PriorKnowledge prior_knowledge() {
  RunResult known = run_of(20.0, 1.0);
  known.model.id = "dense-1b";
  return {example_calibration(), limits(40e9), {known}};
}

std::vector<Check> checks_of(const RunResult& run, const std::optional<PriorKnowledge>& prior,
                             const MicroResults& now = limits(40e9)) {
  const Question question = question_about("qwen3-1.7b", Recipe::q4_k_m);
  return check_run(run, question.spec, question.plan, prior, now);
}

Check check_of(CheckedFigure figure, const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    if (check.figure == figure) return check;
  }
  ADD_FAILURE() << "there is no check of " << checked_figure_name(figure);
  return {};
}

TEST(Check, PredictsTheRunThatWasMeasured) {
  const Check decode =
      check_of(CheckedFigure::decode, checks_of(run_of(20.0, 1.0), prior_knowledge()));
  Question same = question_about("qwen3-1.7b", Recipe::q4_k_m);
  same.depth = 128 + 16 / 2;  // the mean depth of what was decoded
  same.session.threads = 4;
  const Prediction expected = predict(same, example_calibration(), gigabytes(64));
  EXPECT_EQ(decode.depth, same.depth);
  EXPECT_DOUBLE_EQ(decode.predicted.expected, expected.decode_tokens_per_second.expected);
  EXPECT_DOUBLE_EQ(decode.measured, 20.0);
  EXPECT_EQ(decode.calibration, "test");
}

TEST(Check, TheErrorIsPositiveWhenTooMuchWasPredicted) {
  Check check;
  check.predicted = {8.0, 12.0, 15.0, Origin::predicted, Basis::this_machine};
  check.measured = 10.0;
  EXPECT_NEAR(error_ratio(check), 0.2, 1e-12);
  EXPECT_TRUE(is_within(check));
  check.measured = 16.0;
  EXPECT_NEAR(error_ratio(check), -0.25, 1e-12);
  EXPECT_FALSE(is_within(check));
}

TEST(Check, DriftOfTheMachineIsTakenOutOfTheModelsOwnError) {
  Check check;
  check.predicted = {8.0, 10.0, 12.0, Origin::predicted, Basis::this_machine};
  check.measured = 8.0;
  check.conditions_ratio = 0.8;  // the memory was a fifth slower: 8 is what 10 became
  EXPECT_NEAR(error_ratio_at_same_limits(check), 0.0, 1e-12);
  check.figure = CheckedFigure::first_token;  // a time grows as the rate falls
  check.measured = 12.5;
  EXPECT_NEAR(error_ratio_at_same_limits(check), 0.0, 1e-12);
}

TEST(Check, SaysHowTheLimitsChangedSinceTheCalibration) {
  const Check decode = check_of(CheckedFigure::decode,
                                checks_of(run_of(20.0, 1.0), prior_knowledge(), limits(30e9)));
  ASSERT_TRUE(decode.conditions_ratio);
  EXPECT_DOUBLE_EQ(*decode.conditions_ratio, 0.75);
  EXPECT_THAT(decode.reasons, Contains(HasSubstr("memory bandwidth was 0.75")));
}

TEST(Check, AnUnmeasuredFormatIsNamedAsAReason) {
  PriorKnowledge prior = prior_knowledge();
  std::erase_if(prior.calibration.dense,
                [](const FormatRate& rate) { return rate.format == "Q4_K"; });
  const Check decode = check_of(CheckedFigure::decode, checks_of(run_of(20.0, 1.0), prior));
  EXPECT_THAT(decode.reasons, Contains(HasSubstr("Q4_K")));
}

TEST(Check, MemoryNeedsNoCalibration) {
  const std::vector<Check> checks = checks_of(run_of(20.0, 1.0), std::nullopt);
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].figure, CheckedFigure::peak_memory);
  EXPECT_TRUE(is_within(checks[0]));
  EXPECT_TRUE(checks[0].calibration.empty());
}

// 3 % of 2 GB are 60 MB; of 100 MB only 3 MB, where the promise is 32 MB.
TEST(Check, MemoryIsWithinThreePercentOrThirtyTwoMegabytes) {
  RunResult run = run_of(20.0, 1.0);
  run.measured_peak = Fact<Bytes>::known(Bytes(2'061'000'000), "test");
  EXPECT_FALSE(is_within(checks_of(run, std::nullopt)[0]));
  run.predicted_peak = Bytes(100'000'000);
  run.measured_peak = Fact<Bytes>::known(Bytes(131'000'000), "test");
  EXPECT_TRUE(is_within(checks_of(run, std::nullopt)[0]));
}

TEST(Check, OtherKernelsNumericsOrThreadsAreNotWhatWasCalibrated) {
  const auto rates = [](RunResult run) {
    run.measured_peak = Fact<Bytes>::unknown("test");
    return checks_of(run, prior_knowledge());
  };
  EXPECT_EQ(rates(run_of(20.0, 1.0)).size(), 2U);
  RunResult run = run_of(20.0, 1.0);
  run.engine.isa = "scalar";
  EXPECT_THAT(rates(run), IsEmpty());
  run = run_of(20.0, 1.0);
  run.engine.numerics = "bfloat16-activations";
  EXPECT_THAT(rates(run), IsEmpty());
  run = run_of(20.0, 1.0);
  run.engine.threads = 2;
  EXPECT_THAT(rates(run), IsEmpty());
}

TEST(Check, AnInvalidRunHasNothingToCheck) {
  RunResult run = run_of(20.0, 1.0);
  run.validity = Validity::invalid;
  EXPECT_THAT(checks_of(run, prior_knowledge()), IsEmpty());
}

TEST(Check, AFirstTokenBehindOthersIsNotPredicted) {
  RunResult run = run_of(20.0, 1.0);
  run.context_depth = 512;
  for (const Check& check : checks_of(run, prior_knowledge())) {
    EXPECT_NE(check.figure, CheckedFigure::first_token);
  }
}

TEST(Check, OnlyACellOfTheSuiteThatCalibratedCountsAsSeen) {
  PriorKnowledge prior = prior_knowledge();
  prior.runs.push_back(run_of(20.0, 1.0));  // measured before, but no part of a calibration
  EXPECT_FALSE(check_of(CheckedFigure::decode, checks_of(run_of(20.0, 1.0), prior)).seen);
  RunResult run = run_of(20.0, 1.0);
  run.model.id = "dense-1b";
  EXPECT_TRUE(check_of(CheckedFigure::decode, checks_of(run, prior)).seen);
}

TEST(Check, IsTheSameAfterWritingAndReading) {
  for (const Check& check : checks_of(run_of(20.0, 1.0), prior_knowledge(), limits(30e9))) {
    const Json json = check_to_json(check);
    const auto back = check_from_json(JsonFields(json, "test"));
    ASSERT_TRUE(back) << back.error().text();
    ASSERT_TRUE(*back);
    EXPECT_EQ(check_to_json(**back).dump(), json.dump());
  }
}

// Of 15 MB, 32 MB less would be below nothing.
TEST(Check, ATinyModelsMemoryCanBeWrittenAndRead) {
  RunResult run = run_of(20.0, 1.0);
  run.predicted_peak = Bytes(15'000'000);
  run.measured_peak = Fact<Bytes>::known(Bytes(16'000'000), "test");
  const Check check = checks_of(run, std::nullopt)[0];
  EXPECT_DOUBLE_EQ(check.predicted.low, 0.0);
  const Json json = check_to_json(check);
  const auto back = check_from_json(JsonFields(json, "test"));
  EXPECT_TRUE(back) << back.error().text();
}

TEST(Check, AFigureOfALaterVersionIsPassedOver) {
  Json json = check_to_json(checks_of(run_of(20.0, 1.0), std::nullopt)[0]);
  json["figure"] = "energy_joules";
  const auto read = check_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_FALSE(*read);
}

TEST(Check, RefusesFiguresThatNoErrorFollowsFrom) {
  const Json sound = check_to_json(checks_of(run_of(20.0, 1.0), std::nullopt)[0]);
  for (const auto& [key, value] :
       {std::pair("measured", Json(0.0)), std::pair("measured", Json(-1.0)),
        std::pair("measured", Json("fast")), std::pair("conditions_ratio", Json(0.0)),
        std::pair("threads", Json(-2))}) {
    Json json = sound;
    json[key] = value;
    const auto read = check_from_json(JsonFields(json, "doc.json"));
    ASSERT_FALSE(read) << key << " " << value;
    EXPECT_THAT(read.error().text(), HasSubstr(key));
  }
  Json json = sound;
  json["predicted"]["low"] = 3e9;  // above what is expected
  EXPECT_FALSE(check_from_json(JsonFields(json, "doc.json")));
}

TEST(CheckedFigure, NamesRoundTrip) {
  for (const CheckedFigure figure :
       {CheckedFigure::decode, CheckedFigure::first_token, CheckedFigure::peak_memory}) {
    EXPECT_EQ(checked_figure_from_name(checked_figure_name(figure)), figure);
  }
}

}  // namespace
}  // namespace assay
