#include "advisor/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const Policy& policy() {
  static const Policy k_policy = builtin_policy().value();
  return k_policy;
}

/// A prediction with the figures that a verdict looks at.
Prediction figures(double needed_gigabytes, double available_gigabytes, double decode,
                   double first_token) {
  Prediction prediction;
  prediction.footprint.weights = Bytes(static_cast<std::uint64_t>(needed_gigabytes * 1e9));
  prediction.available = gigabytes(available_gigabytes);
  const auto exactly = [](double value) {
    return Estimate{value, value, value, Origin::predicted, Basis::this_machine};
  };
  if (decode > 0.0) prediction.decode_tokens_per_second = exactly(decode);
  if (first_token > 0.0) prediction.time_to_first_token_seconds = exactly(first_token);
  return prediction;
}

Verdict verdict_of(const Prediction& prediction) {
  return judge(question_about("qwen3-4b", Recipe::q4_k_m), prediction, policy());
}

void expect(const Prediction& prediction, VerdictKind kind, Limit limit) {
  const Verdict verdict = verdict_of(prediction);
  EXPECT_EQ(verdict.verdict, kind) << verdict.why;
  EXPECT_EQ(verdict.limit, limit) << verdict.why;
}

// Each threshold of the policy from both sides.
TEST(Verdict, FollowsTheMemoryThresholds) {
  expect(figures(6.9, 10, 50, 0.5), VerdictKind::comfortable, Limit::none);
  expect(figures(7.1, 10, 50, 0.5), VerdictKind::ok, Limit::memory);
  expect(figures(8.4, 10, 50, 0.5), VerdictKind::tight, Limit::memory);
  expect(figures(9.6, 10, 50, 0.5), VerdictKind::no, Limit::memory);
}

TEST(Verdict, FollowsTheDecodeThresholds) {
  expect(figures(1, 10, 20.1, 0.5), VerdictKind::comfortable, Limit::none);
  expect(figures(1, 10, 19.9, 0.5), VerdictKind::ok, Limit::decode_speed);
  expect(figures(1, 10, 9.9, 0.5), VerdictKind::tight, Limit::decode_speed);
  expect(figures(1, 10, 3.9, 0.5), VerdictKind::no, Limit::decode_speed);
}

TEST(Verdict, AFirstTokenAloneNeverMakesANo) {
  expect(figures(1, 10, 50, 1.1), VerdictKind::ok, Limit::first_token);
  expect(figures(1, 10, 50, 4.1), VerdictKind::tight, Limit::first_token);
  expect(figures(1, 10, 50, 400), VerdictKind::tight, Limit::first_token);
}

TEST(Verdict, IsTheWorstOfTheThree) {
  expect(figures(9.6, 10, 50, 400), VerdictKind::no, Limit::memory);
  expect(figures(7.1, 10, 5, 1.5), VerdictKind::tight, Limit::decode_speed);
}

TEST(Verdict, WithoutASpeedNothingIsBetterThanOk) {
  expect(figures(1, 10, 0, 0), VerdictKind::ok, Limit::none);
  expect(figures(9, 10, 0, 0), VerdictKind::tight, Limit::memory);
  expect(figures(9.6, 10, 0, 0), VerdictKind::no, Limit::memory);
  EXPECT_THAT(verdict_of(figures(1, 10, 0, 0)).why, HasSubstr("unknown until `assay assess`"));
}

TEST(Verdict, WithoutMemoryOnlyANoCanBeSaid) {
  Prediction prediction = figures(1, 10, 50, 0.5);
  prediction.available = Fact<Bytes>::unknown("no /proc/meminfo");
  expect(prediction, VerdictKind::unknown, Limit::memory);
  EXPECT_THAT(verdict_of(prediction).why, HasSubstr("no /proc/meminfo"));
  Prediction slow = figures(1, 10, 1, 0.5);
  slow.available = Fact<Bytes>::unknown("no /proc/meminfo");
  expect(slow, VerdictKind::no, Limit::decode_speed);
}

TEST(Verdict, AContextBeyondTheTrainedOneIsANo) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  question.session.context = 100'000;
  const Verdict verdict = answer(question, example_calibration(), gigabytes(64), policy());
  EXPECT_EQ(verdict.verdict, VerdictKind::no);
  EXPECT_EQ(verdict.limit, Limit::context);
  EXPECT_THAT(verdict.why, HasSubstr("trained for a context of 40960"));
  EXPECT_THAT(verdict.advice, Contains(StartsWith("Ask for a context of at most 40960 tokens")));
}

TEST(Verdict, APromptAndAnAnswerThatDoNotFitTheContextAreANo) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  ask_for(question, *policy().use("summarise"), "none");
  question.session.context = 2176;  // 2048 of prompt and 128 of answer
  EXPECT_NE(answer(question, example_calibration(), gigabytes(64), policy()).limit, Limit::context);
  question.session.context = 2175;
  const Verdict verdict = answer(question, example_calibration(), gigabytes(64), policy());
  EXPECT_EQ(verdict.verdict, VerdictKind::no);
  EXPECT_EQ(verdict.limit, Limit::context);
  EXPECT_EQ(verdict.why,
            "No: a prompt of 2048 tokens and an answer of 128 do not fit a context of 2175.");
  EXPECT_THAT(verdict.advice,
              Contains(StartsWith("Ask for a context of 2304 tokens instead of 2175")));
}

TEST(Verdict, ThinkingTakesItsPartOfTheContext) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  ask_for(question, *policy().use("reasoning"), "always");
  question.session.context = 2048;
  const Verdict verdict = answer(question, example_calibration(), gigabytes(64), policy());
  EXPECT_EQ(verdict.limit, Limit::context);
  EXPECT_THAT(verdict.why, HasSubstr("a prompt of 128 tokens, 2048 of thinking and an answer of"));
}

TEST(Verdict, AContextThatHelpsNothingIsNotAdvised) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  question.session.context = 100'000;
  // Too little for the weights alone.
  const Verdict verdict = answer(question, example_calibration(), gigabytes(1), policy());
  EXPECT_EQ(verdict.limit, Limit::context);
  EXPECT_TRUE(verdict.changes.empty());
}

TEST(Verdict, SaysYesInOneSentence) {
  const Verdict verdict = answer(question_about("qwen3-4b", Recipe::q4_k_m), example_calibration(),
                                 gigabytes(14.2), policy());
  EXPECT_EQ(verdict.verdict, VerdictKind::ok);
  EXPECT_THAT(verdict.why, StartsWith("Yes: qwen3-4b in Q4_K_M needs 3."));
  EXPECT_THAT(verdict.why, HasSubstr("of the 14.2 GB available"));
  EXPECT_THAT(verdict.why, HasSubstr("predicted from this machine's measurements"));
}

// 8 billion values of 2 bytes are 16 GB of weights.
TEST(Verdict, EightBillionIn16BitAt8And16And24Gigabytes) {
  const auto at = [](double memory) {
    return answer(question_about("llama-3.1-8b", Recipe::f16), example_calibration(100e9),
                  gigabytes(memory), policy());
  };
  EXPECT_EQ(at(8).verdict, VerdictKind::no);
  EXPECT_EQ(at(8).limit, Limit::memory);
  EXPECT_THAT(at(8).why, StartsWith("No: llama-3.1-8b in F16 needs 16."));
  EXPECT_EQ(at(16).verdict, VerdictKind::no);
  EXPECT_EQ(at(24).verdict, VerdictKind::tight);
  EXPECT_EQ(at(24).limit, Limit::decode_speed);
  EXPECT_THAT(at(24).why, StartsWith("Yes, but slowly: "));
}

}  // namespace
}  // namespace assay
