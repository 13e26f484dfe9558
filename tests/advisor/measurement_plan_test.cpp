#include "advisor/measurement_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

MeasurementBox box_of(double seconds, double gigabytes_usable) {
  return {.seconds = seconds,
          .usable_memory = Bytes(static_cast<std::uint64_t>(gigabytes_usable * 1e9))};
}

Result<MeasurementPlan> plan_of(const std::string& id, const MeasurementBox& box,
                                bool can_be_cut = true) {
  return plan_measurement(question_about(id, Recipe::q4_k_m), example_calibration(), box,
                          can_be_cut);
}

TEST(MeasurementPlan, RunsAModelWholeThatFitsTheBox) {
  const auto plan = plan_of("qwen3-1.7b", box_of(10.0, 16.0));
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->layers, 0U);
  EXPECT_THAT(plan->why_slice, IsEmpty());
}

TEST(MeasurementPlan, MeasuresWhereTheAnswersRatesHold) {
  const auto plan = plan_of("qwen3-1.7b", box_of(10.0, 16.0));
  ASSERT_EQ(plan->workloads.size(), 2U);
  for (const WorkloadSpec& workload : plan->workloads) {
    if (workload.prompt_tokens > 0) {
      EXPECT_EQ(workload.prompt_tokens, 128U);  // of the use
      EXPECT_EQ(workload.generated_tokens, 1U);
      EXPECT_EQ(workload.context_depth, 0U);
    } else {
      EXPECT_EQ(workload.context_depth + workload.generated_tokens / 2, 512U);
    }
  }
}

// The peak of a process only grows: the run that needs less must come first.
TEST(MeasurementPlan, RunsWhatNeedsLessMemoryFirst) {
  const Question question = question_about("qwen3-1.7b", Recipe::q4_k_m);
  const auto plan = plan_of("qwen3-1.7b", box_of(10.0, 16.0));
  std::vector<Bytes> needed;
  for (const WorkloadSpec& workload : plan->workloads) {
    needed.push_back(footprint(question.spec, question.plan, session_shape(workload, {})).peak());
  }
  EXPECT_LE(needed[0], needed[1]);
}

TEST(MeasurementPlan, CutsAModelThatIsTooSlowForTheBox) {
  const auto whole = plan_of("qwen3-1.7b", box_of(10.0, 16.0));
  const double three_passes = 3.0 * whole->seconds_of_one;
  const auto plan = plan_of("qwen3-1.7b", box_of(three_passes, 16.0));  // half for each workload
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_GE(plan->layers, 2U);
  EXPECT_LT(plan->layers, 28U);
  EXPECT_LE(3.0 * plan->seconds_of_one, three_passes / 2.0);
  EXPECT_THAT(plan->why_slice, HasSubstr("box"));
}

TEST(MeasurementPlan, CutsAModelThatIsTooLargeForTheMemory) {
  const auto plan = plan_of("qwen3-1.7b", box_of(60.0, 1.0));
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_GT(plan->layers, 0U);
  EXPECT_THAT(plan->why_slice, HasSubstr("memory"));
}

TEST(MeasurementPlan, RefusesWhatDoesNotFitEvenInAFewLayers) {
  const auto plan = plan_of("qwen3-1.7b", box_of(10.0, 0.1));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::does_not_fit);
}

TEST(MeasurementPlan, AFileIsRunWholeHoweverLongItTakes) {
  const auto plan = plan_of("qwen3-1.7b", box_of(0.1, 16.0), false);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->layers, 0U);
  const auto too_large = plan_of("qwen3-1.7b", box_of(10.0, 1.0), false);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::does_not_fit);
}

RunResult measured(double decode, double first_token) {
  RunResult run;
  run.decode_tokens_per_second = describe({0.9 * decode, decode, 1.1 * decode});
  run.time_to_first_token_seconds = describe({first_token});
  return run;
}

Prediction answer_after(const MeasurementPlan& plan, const std::vector<RunResult>& runs) {
  const Question question = question_about("qwen3-1.7b", Recipe::q4_k_m);
  const Calibration calibration = example_calibration();
  return with_measured(question, calibration, predict(question, calibration, gigabytes(16)), plan,
                       runs);
}

TEST(WithMeasured, TheWholeModelsFiguresAreMeasured) {
  const Prediction known = answer_after({}, {measured(20.0, 0.5)});
  EXPECT_EQ(known.decode_tokens_per_second.origin, Origin::measured);
  EXPECT_DOUBLE_EQ(known.decode_tokens_per_second.expected, 20.0);
  EXPECT_DOUBLE_EQ(known.decode_tokens_per_second.low, 18.0);
  EXPECT_DOUBLE_EQ(known.time_to_first_token_seconds.expected, 0.5);
}

TEST(WithMeasured, ASliceScalesThePredictionAndStaysOne) {
  Question slice = question_about("qwen3-1.7b", Recipe::q4_k_m);
  const Prediction whole = predict(slice, example_calibration(), gigabytes(16));
  slice.spec = sliced(slice.spec, 14);
  slice.plan = *tensor_plan(slice.spec, Recipe::q4_k_m);
  const Prediction part = predict(slice, example_calibration(), gigabytes(16));
  // The slice reached 80 % of what was predicted of it.
  const Prediction known =
      answer_after({.layers = 14, .why_slice = "a test", .workloads = {}},
                   {measured(0.8 * part.decode_tokens_per_second.expected,
                             part.time_to_first_token_seconds.expected / 0.8)});
  EXPECT_EQ(known.decode_tokens_per_second.origin, Origin::predicted);
  EXPECT_NEAR(known.decode_tokens_per_second.expected,
              0.8 * whole.decode_tokens_per_second.expected, 1e-9);
  EXPECT_NEAR(known.time_to_first_token_seconds.expected,
              whole.time_to_first_token_seconds.expected / 0.8, 1e-9);
  EXPECT_LT(known.decode_tokens_per_second.low, known.decode_tokens_per_second.expected);
}

TEST(WithMeasured, AnInvalidRunChangesNothing) {
  RunResult run = measured(20.0, 0.5);
  run.validity = Validity::invalid;
  EXPECT_EQ(answer_after({}, {run}).decode_tokens_per_second.origin, Origin::predicted);
}

TEST(SampleToCheck, DrawsASmallALargerAndAMixtureThatRunWhole) {
  const Catalogue catalogue = builtin_catalogue().value();
  const Policy policy = builtin_policy().value();
  std::set<std::string> drawn;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto sample = sample_to_check(catalogue, example_calibration(), box_of(10.0, 16.0),
                                        *policy.use("chat"), 4, seed);
    ASSERT_EQ(sample.size(), 3U);
    EXPECT_LT(sample[0].question.plan.parameters(), 1'500'000'000U);
    EXPECT_GE(sample[1].question.plan.parameters(), 1'500'000'000U);
    EXPECT_GT(sample[2].question.spec.moe.experts, 1U);
    for (const CheckedModel& one : sample) {
      EXPECT_EQ(one.plan.layers, 0U);
      EXPECT_TRUE(one.question.engine_runs);
      drawn.insert(one.question.model);
    }
  }
  EXPECT_GT(drawn.size(), 3U) << "every seed draws the same models";
}

}  // namespace
}  // namespace assay
