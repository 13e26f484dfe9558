#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Policy& policy() {
  static const Policy k_policy = builtin_policy().value();
  return k_policy;
}

TEST(Advice, OffersASmallerFormatThatFits) {
  const Verdict verdict = answer(question_about("llama-3.1-8b", Recipe::f16),
                                 example_calibration(100e9), gigabytes(8), policy());
  ASSERT_FALSE(verdict.advice.empty());
  // 5.7 GB of weights and 0.5 GB of cache are under 83 % of 8 GB, Q6_K's 6.6 GB are not.
  EXPECT_THAT(verdict.advice[0], StartsWith("Take Q5_K_M: 5.7 GB instead of 16.1 GB"));
}

TEST(Advice, OffersTheLargestContextThatFits) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  question.session.context = 40'960;
  const Verdict verdict = answer(question, example_calibration(), gigabytes(6), policy());
  EXPECT_EQ(verdict.limit, Limit::memory);
  EXPECT_THAT(verdict.advice, Contains(StartsWith("Take a context of ")));
}

TEST(Advice, OffersToCloseProgramsWhenLittleIsMissing) {
  const Verdict verdict = answer(question_about("qwen3-4b", Recipe::q4_k_m), example_calibration(),
                                 gigabytes(3.1), policy());
  EXPECT_EQ(verdict.verdict, VerdictKind::no);
  EXPECT_THAT(verdict.advice, Contains(StartsWith("Close other programs that hold ")));
}

TEST(Advice, OffersASmallerModelOfTheFamily) {
  const Catalogue catalogue = builtin_catalogue().value();
  const Verdict verdict = answer(question_about("qwen3-14b", Recipe::q4_k_m), example_calibration(),
                                 gigabytes(6), policy(), &catalogue);
  EXPECT_EQ(verdict.verdict, VerdictKind::no);
  EXPECT_THAT(verdict.advice, Contains(StartsWith("A smaller model: qwen3-")));
}

TEST(Advice, OffersMoreQualityWhereThereIsRoom) {
  const Verdict verdict = answer(question_about("qwen3-0.6b", Recipe::q4_k_m),
                                 example_calibration(), gigabytes(16), policy());
  EXPECT_EQ(verdict.verdict, VerdictKind::comfortable);
  EXPECT_THAT(verdict.advice, Contains(StartsWith("There is room for Q8_0")));
}

// 34 GB/s of bandwidth and 3B of parameters: whatever is as fast uses no more for a token.
TEST(Advice, NamesAMixtureThatIsAsFastAsASmallModel) {
  const Catalogue catalogue = builtin_catalogue().value();
  const Question question = question_about("llama-3.2-3b", Recipe::q4_k_m);
  const Verdict small = answer(question, example_calibration(), gigabytes(8), policy(), &catalogue);
  EXPECT_TRUE(is_good(small.verdict));
  EXPECT_THAT(small.advice, Contains(AllOf(HasSubstr("a mixture of"), HasSubstr("but needs "))));
  const Verdict large =
      answer(question, example_calibration(), gigabytes(64), policy(), &catalogue);
  EXPECT_THAT(large.advice,
              Contains(AllOf(HasSubstr("a mixture of"), HasSubstr("there is room for its "))));
  const Verdict mixture = answer(question_about("olmoe-1b-7b-0125", Recipe::q4_k_m),
                                 example_calibration(), gigabytes(64), policy(), &catalogue);
  EXPECT_THAT(mixture.advice, Not(Contains(HasSubstr("a mixture of"))));
}

/// What was predicted, at another rate.
Prediction measured_at(double tokens_per_second, Prediction predicted) {
  predicted.decode_tokens_per_second = {.low = tokens_per_second,
                                        .expected = tokens_per_second,
                                        .high = tokens_per_second,
                                        .origin = Origin::measured};
  return predicted;
}

TEST(Advice, OfAMeasuredRateFollowsItAndNotThePrediction) {
  const Catalogue catalogue = builtin_catalogue().value();
  const std::optional<Calibration> calibration = example_calibration();
  const Question question = question_about("qwen3-0.6b", Recipe::q4_k_m);
  const Circumstances around{calibration, gigabytes(16), policy(), &catalogue};
  const Prediction fast = predict(question, calibration, around.available);
  const Verdict slow = advised(question, measured_at(2.0, fast), around);
  EXPECT_TRUE(is_bad(slow.verdict));
  EXPECT_FALSE(slow.changes.empty());
  EXPECT_THAT(slow.advice, Not(Contains(StartsWith("There is room for"))));

  const Question large = question_about("qwen3-14b", Recipe::q8_0);
  const Prediction predicted = predict(large, calibration, gigabytes(64));
  EXPECT_FALSE(answer(large, calibration, gigabytes(64), policy()).changes.empty());
  const Verdict good =
      advised(large, measured_at(40.0, predicted), {calibration, gigabytes(64), policy(), nullptr});
  EXPECT_TRUE(good.changes.empty());
  EXPECT_THAT(good.advice, Not(Contains(StartsWith("Nothing that was tried"))));
}

TEST(Advice, OfAMeasuredMachineDoesNotAskForMeasurements) {
  const Verdict measured = answer(question_about("qwen3-0.6b", Recipe::q8_0), example_calibration(),
                                  gigabytes(16), policy());
  EXPECT_THAT(measured.advice, Not(Contains(HasSubstr("assay assess"))));
  const Verdict unmeasured =
      answer(question_about("qwen3-0.6b", Recipe::q8_0), std::nullopt, gigabytes(16), policy());
  EXPECT_THAT(unmeasured.advice, Contains(HasSubstr("assay assess")));
}

// A machine whose kernels for 8 bits are over three times as good as those for 4.
TEST(Advice, OffersALargerFormatThatIsFaster) {
  Calibration odd = example_calibration();
  for (FormatRate& rate : odd.dense) {
    if (rate.format != "Q4_K" && rate.format != "Q6_K") continue;
    rate.decode_efficiency = rate.decode_efficiency_low = rate.decode_efficiency_high = 0.25;
  }
  const Verdict verdict =
      answer(question_about("qwen3-1.7b", Recipe::q4_k_m), odd, gigabytes(16), policy());
  ASSERT_FALSE(is_good(verdict.verdict)) << verdict.why;
  const Change* other = find_change(verdict, ChangeKind::other_format);
  ASSERT_NE(other, nullptr);
  EXPECT_THAT(other->words, StartsWith("Take Q8_0"));
}

TEST(Advice, OffersNoModelThatWasTrainedForLess) {
  const Catalogue catalogue = builtin_catalogue().value();
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  question.session.context = 40'960;
  const Verdict verdict =
      answer(question, example_calibration(20e9), gigabytes(32), policy(), &catalogue);
  const Change* smaller = find_change(verdict, ChangeKind::smaller_model);
  ASSERT_NE(smaller, nullptr);
  for (const CatalogueEntry& entry : catalogue.entries) {
    if (smaller->words.find(" " + entry.id + " in ") == std::string::npos) continue;
    EXPECT_GE(entry.spec.trained_context, 40'960U) << entry.id;
  }
}

// Each of them betters the verdict, and its sentence ends with what it would be.
TEST(Advice, CarriesItsEffect) {
  const Catalogue catalogue = builtin_catalogue().value();
  const Verdict verdict = answer(question_about("llama-3.1-8b", Recipe::f16), example_calibration(),
                                 gigabytes(8), policy(), &catalogue);
  ASSERT_GE(verdict.changes.size(), 3U);
  bool good_so_far = true;
  for (const Change& change : verdict.changes) {
    EXPECT_LT(static_cast<int>(change.verdict), static_cast<int>(verdict.verdict)) << change.words;
    EXPECT_THAT(change.words, HasSubstr(std::string(verdict_name(change.verdict))));
    EXPECT_TRUE(good_so_far || !is_good(change.verdict)) << "what is good comes first";
    good_so_far = is_good(change.verdict);
  }
  EXPECT_EQ(verdict.advice[0], verdict.changes[0].words);
}

// 3.2 GB are 83 % of 3.9 GB: 0.8 GB more than there are.
TEST(Advice, SaysHowMuchMemoryMustBeFreed) {
  const Verdict verdict = answer(question_about("qwen3-4b", Recipe::q4_k_m), example_calibration(),
                                 gigabytes(3.1), policy());
  const Change* close = find_change(verdict, ChangeKind::close_programs);
  ASSERT_NE(close, nullptr);
  EXPECT_EQ(close->verdict, VerdictKind::ok);
  const double needed = static_cast<double>(verdict.prediction.footprint.peak().value) / 0.83;
  EXPECT_THAT(close->words,
              HasSubstr(human_bytes(Bytes(static_cast<std::uint64_t>(needed - 3.1e9)))));
}

// 16.7 GB are 83 % of 20.1 GB: 4.1 GB more than 16 are the 4 GiB (4.3 GB) of one module.
TEST(Advice, SaysHowMuchMemoryToAdd) {
  const Verdict verdict = answer(question_about("llama-3.1-8b", Recipe::f16),
                                 example_calibration(400e9), gigabytes(16), policy());
  const Change* more = find_change(verdict, ChangeKind::more_memory);
  ASSERT_NE(more, nullptr);
  EXPECT_THAT(more->words, StartsWith("Add 4 GB of memory"));
  EXPECT_TRUE(is_good(more->verdict));
}

TEST(Advice, AMachineThatIsNotHereIsNotToBeMeasured) {
  const Subject elsewhere{.is_gpu = false, .is_here = false, .gpu = std::nullopt};
  const Verdict verdict = answer(question_about("qwen3-0.6b", Recipe::q8_0), std::nullopt,
                                 gigabytes(16), policy(), nullptr, nullptr, elsewhere);
  EXPECT_THAT(verdict.advice, Not(Contains(HasSubstr("assay assess"))));
}

// 6.7 GB are ok; the machine has 3 GB free and its limit leaves 2 of 4.
TEST(Advice, UnderALimitMissesWhatTheMachineLacksAndRaisesTheLimit) {
  MachineProfile machine;
  machine.memory.limit = Fact<Bytes>::known(Bytes(4'000'000'000), "cgroup");
  machine.memory.limit_headroom = Fact<Bytes>::known(Bytes(2'000'000'000), "cgroup");
  machine.memory.available = Fact<Bytes>::known(Bytes(3'000'000'000), "meminfo");
  const Verdict verdict =
      answer(question_about("llama-3.1-8b", Recipe::q4_k_m), example_calibration(400e9),
             gigabytes(2), policy(), nullptr, &machine);
  const Change* more = find_change(verdict, ChangeKind::more_memory);
  ASSERT_NE(more, nullptr);
  // 3.7 GB are missing beside the 3 that are free, not 4.7.
  EXPECT_THAT(more->words, StartsWith("Add 4 GB of memory: 3."));
  EXPECT_THAT(more->words, HasSubstr("and raise the memory limit from 4.0 GB to 8."));
  EXPECT_TRUE(is_good(more->verdict));
}

TEST(Advice, OffersAMixtureOfExpertsWhereSpeedLacksAndMemoryDoesNot) {
  const Catalogue catalogue = builtin_catalogue().value();
  const Verdict verdict = answer(question_about("qwen3-14b", Recipe::q4_k_m),
                                 example_calibration(40e9), gigabytes(64), policy(), &catalogue);
  EXPECT_EQ(verdict.limit, Limit::decode_speed);
  const Change* mixture = find_change(verdict, ChangeKind::mixture_of_experts);
  ASSERT_NE(mixture, nullptr);
  EXPECT_THAT(mixture->words, HasSubstr("uses"));
  EXPECT_TRUE(is_good(mixture->verdict));
}

TEST(Advice, OffersToAnswerWithoutThinking) {
  Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  ask_for(question, *policy().use("reasoning"), "toggle");
  const Verdict verdict = answer(question, example_calibration(), gigabytes(16), policy());
  // 2304 tokens at 14 a second are 165 s, over two minutes.
  EXPECT_EQ(verdict.verdict, VerdictKind::tight);
  EXPECT_EQ(verdict.limit, Limit::answer_time);
  ASSERT_FALSE(verdict.changes.empty());
  EXPECT_EQ(verdict.changes[0].kind, ChangeKind::answer_without_thinking);
}

// A second for a token, whatever is read: no format and no memory changes that.
TEST(Advice, SaysSoWhereNothingHelps) {
  Calibration slow = example_calibration();
  slow.seconds_per_token = 1.0;
  const Verdict verdict =
      answer(question_about("llama-3.1-8b", Recipe::q4_k_m), slow, gigabytes(16), policy());
  EXPECT_EQ(verdict.verdict, VerdictKind::no);
  EXPECT_TRUE(verdict.changes.empty());
  ASSERT_FALSE(verdict.advice.empty());
  EXPECT_THAT(verdict.advice[0], StartsWith("Nothing that was tried changes this"));
}

TEST(Advice, NamesGoThereAndBack) {
  for (int i = 0; i <= static_cast<int>(ChangeKind::other); ++i) {
    const auto kind = static_cast<ChangeKind>(i);
    EXPECT_EQ(change_from_name(change_name(kind)), kind);
  }
}

}  // namespace
}  // namespace assay
