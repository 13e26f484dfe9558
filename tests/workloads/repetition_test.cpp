#include "workloads/measure/repetition.hpp"

#include <gtest/gtest.h>

#include "tests/workloads/fake_engine.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_vocabulary = 1000;
// The fake clock only adds: sums of a few hundred doubles are exact to 1e-9.
constexpr double k_exact = 1e-9;

Result<Samples> measure(FakeEngine& engine, const WorkloadSpec& workload,
                        const MeasureOptions& options = {}, const std::stop_token& stop = {}) {
  return measure_repetitions(engine, workload, k_vocabulary, options, engine.clock(), stop);
}

const WorkloadSpec k_chat{.name = "chat", .prompt_tokens = 100, .generated_tokens = 21};

TEST(Repetition, MeasuresByTheDefinitions) {
  FakeEngine engine;
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples) << samples.error().text();
  EXPECT_TRUE(samples->faults.empty());
  ASSERT_FALSE(samples->prefill_tokens_per_second.empty());
  // 100 tokens of 1 ms: sampling the first token is not part of prefill, but of the time to it.
  EXPECT_NEAR(samples->prefill_tokens_per_second.front(), 1000.0, k_exact);
  EXPECT_NEAR(samples->time_to_first_token_seconds.front(), 0.1005, k_exact);
  // 20 steps after the first token, 10 ms each.
  EXPECT_NEAR(samples->decode_tokens_per_second.front(), 100.0, 1e-6);
  EXPECT_EQ(samples->trace_seconds.size(), 20U);
}

TEST(Repetition, AWorkloadWithoutAPromptOnlyDecodes) {
  FakeEngine engine;
  const auto samples =
      measure(engine, {.name = "tg", .generated_tokens = 10, .context_depth = 4096});
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->faults.empty()) << samples->faults.front();
  EXPECT_TRUE(samples->prefill_tokens_per_second.empty());
  EXPECT_TRUE(samples->time_to_first_token_seconds.empty());
  EXPECT_NEAR(samples->decode_tokens_per_second.front(), 100.0, 1e-6);
}

// 3 W: what is drawn before the first token is not decode's.
TEST(Repetition, CountsTheEnergyOfDecodeAlone) {
  FakeEngine engine;
  const Clock clock = engine.clock();
  const EnergyMeter meter = [&clock] {
    EnergyReading reading;
    reading.packages["intel-rapl:0"] = {.joules = 3.0 * clock(), .range_joules = 1e9};
    return reading;
  };
  const auto samples = measure_repetitions(engine, k_chat, k_vocabulary, {}, clock, {}, meter);
  ASSERT_TRUE(samples);
  ASSERT_FALSE(samples->decode_joules_per_token.empty());
  // A step takes 10 ms.
  EXPECT_NEAR(samples->decode_joules_per_token.front(), 0.03, 1e-6);
}

TEST(Repetition, CountsNoEnergyWithoutAMeter) {
  FakeEngine engine;
  EXPECT_TRUE(measure(engine, k_chat)->decode_joules_per_token.empty());
}

TEST(Repetition, AWorkloadWithoutAnswersOnlyReads) {
  FakeEngine engine;
  const auto samples = measure(engine, {.name = "pp", .prompt_tokens = 64});
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->faults.empty());
  EXPECT_TRUE(samples->decode_tokens_per_second.empty());
  EXPECT_NEAR(samples->prefill_tokens_per_second.front(), 1000.0, k_exact);
}

TEST(Repetition, SteadyRunsEndAtTheFewestRepetitions) {
  FakeEngine engine;
  const MeasureOptions options{
      .warmups = 2, .min_repetitions = 6, .max_repetitions = 40, .max_seconds = 1000.0};
  const auto samples = measure(engine, k_chat, options);
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->repetitions, 6U);
  EXPECT_EQ(engine.passes(), 8U);  // and the two warm-ups, which do not count
}

TEST(Repetition, UnsteadyRunsGoOnToTheMost) {
  FakeEngine engine;
  engine.slowness = [](std::uint32_t pass) { return pass % 2 == 0 ? 1.0 : 2.0; };
  const MeasureOptions options{.min_repetitions = 6, .max_repetitions = 15, .max_seconds = 1000.0};
  const auto samples = measure(engine, k_chat, options);
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->repetitions, 15U);
}

TEST(Repetition, TheBoxEndsSlowRuns) {
  FakeEngine engine;  // each pass takes 1.3 s with the reset
  engine.slowness = [](std::uint32_t pass) { return pass % 2 == 0 ? 1.0 : 2.0; };
  const MeasureOptions options{.max_repetitions = 50, .max_seconds = 8.0};
  const auto samples = measure(engine, k_chat, options);
  ASSERT_TRUE(samples);
  EXPECT_LE(samples->repetitions, 6U);
  EXPECT_LE(engine.clock()(), 8.0);
}

TEST(Repetition, TwoRepetitionsAreTheLeastInASmallBox) {
  FakeEngine engine;
  const auto samples = measure(engine, k_chat, {.max_seconds = 0.001});
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->repetitions, 2U);
}

TEST(Repetition, AnEngineThatEndsEarlyIsAtFault) {
  FakeEngine engine;
  engine.ends_after = 12;
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples);
  ASSERT_EQ(samples->faults.size(), 1U);
  EXPECT_EQ(samples->faults.front(), "the engine ended after 12 of 21 tokens");
}

TEST(Repetition, AnEngineThatKeepsAnswersIsAtFault) {
  FakeEngine engine;
  engine.keeps_answers = true;
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples);
  ASSERT_EQ(samples->faults.size(), 1U);
  EXPECT_NE(samples->faults.front().find("different prompts got the same"), std::string::npos);
}

TEST(Repetition, TheSameTokensFromOtherLogitsAreNoFault) {
  FakeEngine engine;
  engine.keeps_answers = true;
  engine.tells_logits = true;
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->faults.empty());
}

TEST(Repetition, AnEngineThatReadsLessIsAtFault) {  // in the warm-up of 8 tokens already
  FakeEngine engine;
  engine.forgets_positions = true;
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples);
  ASSERT_EQ(samples->faults.size(), 1U);
  EXPECT_EQ(samples->faults.front(), "the engine holds 57 positions (expected 107)");
}

TEST(Repetition, ASlowButHonestEngineIsAccepted) {
  FakeEngine engine;
  engine.slowness = [](std::uint32_t) { return 3.0; };
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->faults.empty());
}

TEST(Repetition, AStopKeepsWhatWasMeasured) {
  FakeEngine engine;
  std::stop_source source;
  engine.slowness = [&source](std::uint32_t pass) {
    if (pass == 4) source.request_stop();  // one warm-up and three repetitions
    return 1.0;
  };
  const auto samples = measure(engine, k_chat, {}, source.get_token());
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->interrupted);
  EXPECT_EQ(samples->repetitions, 3U);
}

TEST(Repetition, AStopWithinARepetitionKeepsThoseBeforeIt) {
  FakeEngine engine;
  engine.interrupted_in = 5;  // after one warm-up and three repetitions
  const auto samples = measure(engine, k_chat);
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->interrupted);
  EXPECT_EQ(samples->repetitions, 3U);
  EXPECT_TRUE(samples->faults.empty());
  engine.interrupted_in = engine.passes() + 2;  // the first that would count
  const auto none = measure(engine, k_chat);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::interrupted);
}

TEST(Repetition, AStopBeforeTheFirstRepetitionIsAnError) {
  FakeEngine engine;
  std::stop_source source;
  source.request_stop();
  const auto samples = measure(engine, k_chat, {}, source.get_token());
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace assay
