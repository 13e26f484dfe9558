#include "advisor/context_room.hpp"

#include <gtest/gtest.h>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

Bytes peak_at(Question question, std::uint64_t context) {
  question.session.context = static_cast<std::uint32_t>(context);
  return predict(question, std::nullopt, gigabytes(1)).footprint.peak();
}

// Of every budget: what is found fits, and a step of 256 more does not.
TEST(ContextRoom, IsTheLargestThatFits) {
  const Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  for (const double budget : {3.0, 3.3, 4.0, 5.0, 7.5}) {
    const Bytes bytes = gigabytes(budget).value();
    const std::uint64_t found = largest_context(question, bytes);
    ASSERT_GT(found, 0U) << budget;
    EXPECT_LE(peak_at(question, found), bytes) << budget;
    EXPECT_GT(peak_at(question, found + 256), bytes) << budget;
  }
}

// On a GPU layers with a window stop growing: memory is no straight line there.
TEST(ContextRoom, OfAGpuIsTheLargestThatFits) {
  Question question = question_about("gemma-3-12b", Recipe::q4_k_m);
  question.on_gpu = true;
  for (const double budget : {8.4, 9.0, 10.0}) {
    const Bytes bytes = gigabytes(budget).value();
    const std::uint64_t found = largest_context(question, bytes);
    ASSERT_GT(found, 0U) << budget;
    EXPECT_LE(peak_at(question, found), bytes) << budget;
    EXPECT_GT(peak_at(question, found + 256), bytes) << budget;
  }
}

TEST(ContextRoom, IsNoLargerThanTheTrainedOne) {
  const Question question = question_about("qwen3-4b", Recipe::q4_k_m);
  EXPECT_EQ(largest_context(question, gigabytes(1000).value()), question.spec.trained_context);
}

TEST(ContextRoom, IsNoneWhereTheWeightsDoNotFit) {
  EXPECT_EQ(largest_context(question_about("qwen3-4b", Recipe::q4_k_m), gigabytes(2).value()), 0U);
}

TEST(ContextRoom, GrowsWithWhatThePolicyAllows) {
  const Policy policy = builtin_policy().value();
  const auto room = context_room(question_about("qwen3-4b", Recipe::q4_k_m), gigabytes(5), policy);
  ASSERT_TRUE(room);
  EXPECT_LT(room->comfortable, room->ok);
  EXPECT_LT(room->ok, room->tight);
  EXPECT_LE(room->tight, room->trained);
  EXPECT_FALSE(context_room(question_about("qwen3-4b", Recipe::q4_k_m),
                            Fact<Bytes>::unknown("no /proc"), policy));
}

}  // namespace
}  // namespace assay
