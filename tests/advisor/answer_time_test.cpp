#include "advisor/answer_time.hpp"

#include <gtest/gtest.h>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

Estimate between(double low, double expected, double high) {
  return {low, expected, high, Origin::predicted, Basis::this_machine};
}

/// First token after 1 to 3 seconds, then 10 to 40 tokens a second.
Prediction prediction() {
  Prediction made;
  made.time_to_first_token_seconds = between(1, 2, 3);
  made.decode_tokens_per_second = between(10, 20, 40);
  made.available = gigabytes(100);
  return made;
}

Question question(const std::string& thinking, bool use_thinks) {
  Question asked = question_about("qwen3-4b", Recipe::q4_k_m);
  asked.thinking = thinking;
  asked.use_thinks = use_thinks;
  asked.answer_tokens = 200;
  asked.thinking_tokens = 1000;
  return asked;
}

TEST(AnswerTime, IsFirstTokenAndTokensOverTheRate) {
  const Estimate seconds = time_to_answer(prediction(), 400);
  EXPECT_DOUBLE_EQ(seconds.low, 1 + 400.0 / 40);
  EXPECT_DOUBLE_EQ(seconds.expected, 2 + 400.0 / 20);
  EXPECT_DOUBLE_EQ(seconds.high, 3 + 400.0 / 10);
  EXPECT_EQ(seconds.origin, Origin::predicted);
}

TEST(AnswerTime, IsUnknownWithoutEitherPart) {
  Prediction no_rate = prediction();
  no_rate.decode_tokens_per_second = {};
  EXPECT_FALSE(time_to_answer(no_rate, 400).is_known());
  Prediction no_first = prediction();
  no_first.time_to_first_token_seconds = {};
  EXPECT_FALSE(time_to_answer(no_first, 400).is_known());
}

TEST(AnswerTime, RestsOnTheDescriptionWhereOnePartDoes) {
  Prediction mixed = prediction();
  mixed.time_to_first_token_seconds.basis = Basis::profile;
  EXPECT_EQ(time_to_answer(mixed, 400).basis, Basis::profile);
}

TEST(AnswerTime, IsASumThatNobodyMeasured) {
  Prediction measured = prediction();
  measured.decode_tokens_per_second.origin = Origin::measured;
  measured.time_to_first_token_seconds.origin = Origin::measured;
  EXPECT_EQ(time_to_answer(measured, 400).origin, Origin::predicted);
}

TEST(AnswerTime, OfAModelThatAlwaysThinksHasItsThinking) {
  const AnswerTimes times = answer_times(question("always", false), prediction());
  EXPECT_TRUE(times.judged.thinking);
  EXPECT_EQ(times.judged.thinking_tokens, 1000U);
  EXPECT_DOUBLE_EQ(times.judged.seconds.expected, 2 + 1200.0 / 20);
  EXPECT_FALSE(times.other);
}

TEST(AnswerTime, OfAModelThatDoesNotThinkHasNone) {
  for (const char* thinking : {"none", "unknown"}) {
    const AnswerTimes times = answer_times(question(thinking, true), prediction());
    EXPECT_FALSE(times.judged.thinking) << thinking;
    EXPECT_DOUBLE_EQ(times.judged.seconds.expected, 2 + 200.0 / 20);
    EXPECT_FALSE(times.other);
  }
}

TEST(AnswerTime, OfAModelThatCanDoBothFollowsTheUse) {
  const AnswerTimes chat = answer_times(question("toggle", false), prediction());
  EXPECT_FALSE(chat.judged.thinking);
  ASSERT_TRUE(chat.other);
  EXPECT_TRUE(chat.other->thinking);
  EXPECT_DOUBLE_EQ(chat.other->seconds.expected, 2 + 1200.0 / 20);
  const AnswerTimes reasoning = answer_times(question("toggle", true), prediction());
  EXPECT_TRUE(reasoning.judged.thinking);
  ASSERT_TRUE(reasoning.other);
  EXPECT_FALSE(reasoning.other->thinking);
}

// 1200 tokens at 20 a second are 62 s: over a minute, within two. A hundred seconds more are not.
TEST(AnswerTime, JudgesModelsThatThink) {
  const Policy policy = builtin_policy().value();
  const Verdict ok = judge(question("always", false), prediction(), policy);
  EXPECT_EQ(ok.limit, Limit::first_token);  // 2 s are ok too, and named first
  Prediction fast_start = prediction();
  fast_start.time_to_first_token_seconds = between(0.1, 0.5, 0.9);
  EXPECT_EQ(judge(question("always", false), fast_start, policy).verdict, VerdictKind::ok);
  EXPECT_EQ(judge(question("always", false), fast_start, policy).limit, Limit::answer_time);
  EXPECT_EQ(judge(question("none", false), fast_start, policy).verdict, VerdictKind::comfortable);
  Question longer = question("always", false);
  longer.spec.trained_context = longer.session.context = 1U << 20U;  // room for all of it
  longer.thinking_tokens = 3000;                                     // 160 s
  const Verdict tight = judge(longer, fast_start, policy);
  EXPECT_EQ(tight.verdict, VerdictKind::tight);
  EXPECT_EQ(tight.limit, Limit::answer_time);
  longer.thinking_tokens = 300'000;  // hours, and still no no
  EXPECT_EQ(judge(longer, fast_start, policy).verdict, VerdictKind::tight);
}

TEST(AnswerTime, AToggleIsJudgedBothWays) {
  const Policy policy = builtin_policy().value();
  Prediction fast_start = prediction();
  fast_start.time_to_first_token_seconds = between(0.1, 0.5, 0.9);
  Question asked = question("toggle", true);
  asked.thinking_tokens = 3000;
  const Verdict verdict = judge(asked, fast_start, policy);
  EXPECT_EQ(verdict.verdict, VerdictKind::tight);
  ASSERT_TRUE(verdict.other_answer);
  EXPECT_EQ(verdict.other_answer->verdict, VerdictKind::comfortable);
}

}  // namespace
}  // namespace assay
