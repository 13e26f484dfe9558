// What the advice offers against a slow decode, a slow first token and a long answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"
#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Policy& policy() {
  static const Policy k_policy = builtin_policy().value();
  return k_policy;
}

// Weights of 4.6 GB are read for a token; ten a second with some overhead need over 46 / 0.9 GB/s.
TEST(SpeedAdvice, SaysHowFastMemoryMustBe) {
  const Verdict verdict = answer(question_about("llama-3.1-8b", Recipe::q4_k_m),
                                 example_calibration(40e9), gigabytes(16), policy());
  EXPECT_EQ(verdict.limit, Limit::decode_speed);
  const Change* faster = find_change(verdict, ChangeKind::faster_memory);
  ASSERT_NE(faster, nullptr);
  EXPECT_EQ(faster->verdict, VerdictKind::ok);
  // Just enough: a hundredth over the threshold of 10 tokens/s, and rounding.
  EXPECT_NEAR(faster->decode_tokens_per_second.expected, 10.0, 0.11);
  EXPECT_GE(faster->decode_tokens_per_second.expected, 10.0);
}

// Who judged by a rated bandwidth is told a rated one.
TEST(SpeedAdvice, SaysTheRatedBandwidthWhereThatIsWhatWasGiven) {
  const Calibration rated = calibration_from_profile({}, 40e9).value();
  const Verdict verdict =
      answer(question_about("llama-3.1-8b", Recipe::q4_k_m), rated, gigabytes(16), policy());
  const Change* faster = find_change(verdict, ChangeKind::faster_memory);
  ASSERT_NE(faster, nullptr);
  EXPECT_THAT(faster->words, StartsWith("A machine with memory of a rated "));
  EXPECT_THAT(faster->words, HasSubstr("instead of 40 GB/s"));
}

TEST(SpeedAdvice, OffersASecondChannelOnlyWhereOneIsUsed) {
  MachineProfile machine;
  machine.memory.channels = Fact<std::uint32_t>::known(1, "SMBIOS");
  const Question question = question_about("llama-3.1-8b", Recipe::q4_k_m);
  const Verdict single =
      answer(question, example_calibration(40e9), gigabytes(16), policy(), nullptr, &machine);
  ASSERT_NE(find_change(single, ChangeKind::second_memory_channel), nullptr);
  machine.memory.channels = Fact<std::uint32_t>::known(2, "SMBIOS");
  const Verdict both =
      answer(question, example_calibration(40e9), gigabytes(16), policy(), nullptr, &machine);
  EXPECT_EQ(find_change(both, ChangeKind::second_memory_channel), nullptr);
}

// 5.5 GB are ok from 6.6 GB (6.2 GiB) on: a card of 8.
TEST(SpeedAdvice, SaysWhatAGraphicsCardNeeds) {
  const Verdict verdict = answer(question_about("llama-3.1-8b", Recipe::q4_k_m),
                                 example_calibration(40e9), gigabytes(16), policy());
  const Change* card = find_change(verdict, ChangeKind::gpu);
  ASSERT_NE(card, nullptr);
  EXPECT_THAT(card->words, StartsWith("A graphics card with 8 GB of its own"));
  EXPECT_THAT(card->words, HasSubstr("estimated"));
}

// No other programs, no modules and no main memory of a card; another card is.
TEST(SpeedAdvice, OfAGpuIsNotThatOfAMachine) {
  const Subject card{.is_gpu = true, .is_here = false, .gpu = std::nullopt};
  for (const double memory : {3.1, 16.0}) {
    const Verdict verdict =
        answer(question_about("llama-3.1-8b", Recipe::q4_k_m), example_calibration(40e9),
               gigabytes(memory), policy(), nullptr, nullptr, card);
    ASSERT_TRUE(is_bad(verdict.verdict));
    EXPECT_NE(find_change(verdict, ChangeKind::gpu), nullptr);
    for (const ChangeKind kind : {ChangeKind::close_programs, ChangeKind::more_memory,
                                  ChangeKind::second_memory_channel, ChangeKind::faster_memory}) {
      EXPECT_EQ(find_change(verdict, kind), nullptr) << change_name(kind);
    }
  }
}

TEST(SpeedAdvice, OffersTheGpuThatTheMachineHasFirst) {
  const Estimate rate{20.0, 40.0, 50.0, Origin::predicted, Basis::profile};
  Subject subject{.is_gpu = false,
                  .is_here = true,
                  .gpu = Subject::Gpu{"RTX 4060", Bytes(5'500'000'000), rate, {}}};
  const auto asked = [&subject] {
    return answer(question_about("llama-3.1-8b", Recipe::q4_k_m), example_calibration(40e9),
                  gigabytes(16), policy(), nullptr, nullptr, subject);
  };
  const Verdict verdict = asked();
  ASSERT_FALSE(verdict.changes.empty());
  EXPECT_EQ(verdict.changes[0].kind, ChangeKind::own_gpu);
  EXPECT_THAT(verdict.changes[0].words,
              StartsWith("Run it on its RTX 4060, in an engine that uses it (estimated:"));
  EXPECT_EQ(verdict.changes[0].needed, Bytes(5'500'000'000));
  EXPECT_EQ(find_change(verdict, ChangeKind::gpu), nullptr);
  EXPECT_EQ(find_change(verdict, ChangeKind::faster_memory), nullptr);
  // One that is below ok itself is no advice.
  subject.gpu->decode_tokens_per_second.expected = 9.9;
  EXPECT_EQ(find_change(asked(), ChangeKind::own_gpu), nullptr);
}

// A prompt of 2048 tokens at 1 TFLOP/s takes 16 s. How fast a card would read it is not known, and
// not taken from the processor.
TEST(SpeedAdvice, OffersAGraphicsCardForASlowFirstToken) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  ask_for(question, *policy().use("summarise"), "none");
  const Verdict verdict = answer(question, example_calibration(), gigabytes(16), policy());
  ASSERT_EQ(verdict.limit, Limit::first_token);
  ASSERT_EQ(verdict.verdict, VerdictKind::tight);
  const Change* card = find_change(verdict, ChangeKind::gpu);
  ASSERT_NE(card, nullptr);
  EXPECT_TRUE(is_good(card->verdict));
  EXPECT_EQ(find_change(verdict, ChangeKind::faster_memory), nullptr);
}

// 2304 tokens at 7 a second are 330 s: decode is named as the limit, and both are mended.
TEST(SpeedAdvice, OfAModelThatThinksMendsDecodeAndTheAnswer) {
  Question question = question_about("llama-3.1-8b", Recipe::q4_k_m);
  ask_for(question, *policy().use("reasoning"), "always");
  const Verdict verdict = answer(question, example_calibration(40e9), gigabytes(16), policy());
  ASSERT_EQ(verdict.limit, Limit::decode_speed);
  EXPECT_THAT(verdict.why, HasSubstr("so that an answer with its thinking takes"));
  const Change* faster = find_change(verdict, ChangeKind::faster_memory);
  ASSERT_NE(faster, nullptr);
  EXPECT_TRUE(is_good(faster->verdict));
  // 2304 tokens in 120 s less the first token.
  EXPECT_GT(faster->decode_tokens_per_second.expected, 2304.0 / 120.0);
}

}  // namespace
}  // namespace assay
