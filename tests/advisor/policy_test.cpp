#include "advisor/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/embedded.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

std::string builtin_text() { return std::string(embedded_file("policies/default.json").value()); }

TEST(Policy, TheBuiltinOneHoldsTheContractsThresholds) {
  const auto policy = builtin_policy();
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_EQ(policy->decode_no, 4.0);
  EXPECT_EQ(policy->decode_tight, 10.0);
  EXPECT_EQ(policy->decode_ok, 20.0);
  EXPECT_EQ(policy->memory_comfortable, 0.70);
  EXPECT_EQ(policy->memory_ok, 0.83);
  EXPECT_EQ(policy->memory_tight, 0.95);
  EXPECT_EQ(policy->first_token_comfortable_seconds, 1.0);
  EXPECT_EQ(policy->first_token_ok_seconds, 4.0);
  ASSERT_NE(policy->use("chat"), nullptr);
  EXPECT_EQ(policy->use("chat")->prompt_tokens, 128U);
  EXPECT_EQ(policy->use("code")->prompt_tokens, 1024U);
  EXPECT_EQ(policy->use("summarise")->prompt_tokens, 2048U);
  EXPECT_EQ(policy->use("summarise")->tag, "chat");
  EXPECT_EQ(policy->use("painting"), nullptr);
}

TEST(Policy, ThresholdsThatDoNotRiseAreRefusedByName) {
  const auto policy =
      parse_policy(replaced(builtin_text(), "\"tight_below\": 10", "\"tight_below\": 3"), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().code, ErrorCode::refused_input);
  EXPECT_THAT(policy.error().text(), HasSubstr("p.json: /decode_tokens_per_second/tight_below: 3"));
}

TEST(Policy, AWrongTypeIsRefusedByName) {
  const auto policy =
      parse_policy(replaced(builtin_text(), "\"ok_up_to\": 4", "\"ok_up_to\": \"4\""), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("/first_token_seconds/ok_up_to"));
}

TEST(Policy, AnotherSchemaIsRefused) {
  const auto policy =
      parse_policy(replaced(builtin_text(), "assay.policy/1", "assay.policy/2"), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("assay.policy/2 found (expected assay.policy/1)"));
}

TEST(Policy, EachUseHasItsOwnTokens) {
  const auto policy = builtin_policy();
  ASSERT_TRUE(policy) << policy.error().text();
  for (const char* name : {"chat", "code", "summarise", "reasoning", "tools"}) {
    const Policy::Use* use = policy->use(name);
    ASSERT_NE(use, nullptr) << name;
    EXPECT_FALSE(use->description.empty()) << name;
    EXPECT_FALSE(use->thinking_source.empty()) << name;
    EXPECT_GE(use->context_tokens, use->prompt_tokens + use->thinking_tokens + use->answer_tokens)
        << name;
  }
  EXPECT_EQ(policy->use("chat")->context_tokens, 4096U);
  EXPECT_TRUE(policy->use("reasoning")->thinks);
  EXPECT_FALSE(policy->use("chat")->thinks);
}

TEST(Policy, AKeyThatIsNoneIsRefusedWithTheNearestName) {
  const auto policy = parse_policy(
      replaced(builtin_text(), "\"first_token_seconds\"", "\"first_tokn_seconds\""), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().code, ErrorCode::refused_input);
  EXPECT_THAT(policy.error().text(),
              HasSubstr("p.json: /first_tokn_seconds: unknown key (did you mean "
                        "first_token_seconds?)"));
}

TEST(Policy, AKeyOfAUseThatIsNoneIsRefusedWithTheNearestName) {
  const auto policy =
      parse_policy(replaced(builtin_text(), "\"answer_tokens\"", "\"answer_token\""), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(),
              HasSubstr("/uses/0/answer_token: unknown key (did you mean answer_tokens?)"));
}

TEST(Policy, AHostileKeyIsShownInPrint) {
  const auto policy =
      parse_policy(replaced(builtin_text(), "\"thinks\"", "\"\\u001b[2Jthinks\""), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().text().find('\x1b'), std::string::npos);
}

TEST(Policy, MoreMemoryThanAllOfItIsRefused) {
  const auto policy = parse_policy(
      replaced(builtin_text(), "\"tight_up_to\": 0.95", "\"tight_up_to\": 95"), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("/memory_share_of_available/tight_up_to: 95"));
}

TEST(Policy, AContextWithoutRoomForTheAnswerIsRefused) {
  const auto policy = parse_policy(
      replaced(builtin_text(), "\"context_tokens\": 4096", "\"context_tokens\": 300"), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("/uses/0/context_tokens: 300"));
}

TEST(Policy, AUseThatComesTwiceIsRefused) {
  const auto policy =
      parse_policy(replaced(builtin_text(), "\"name\": \"code\"", "\"name\": \"chat\""), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("/uses/1/name"));
}

// Policies that were written before uses had an answer.
TEST(Policy, WhatAFileLeavesOutIsThatOfAChat) {
  const auto policy = parse_policy(R"({
    "schema": "assay.policy/1", "name": "short",
    "decode_tokens_per_second": {"no_below": 4, "tight_below": 10, "ok_below": 20},
    "memory_share_of_available": {"comfortable_up_to": 0.70, "ok_up_to": 0.83, "tight_up_to": 0.95},
    "first_token_seconds": {"comfortable_up_to": 1, "ok_up_to": 4},
    "uses": [{"name": "long", "prompt_tokens": 10000}]})",
                                   "p.json");
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_EQ(policy->use("long")->answer_tokens, 256U);
  EXPECT_EQ(policy->use("long")->context_tokens, 10256U);
  EXPECT_EQ(policy->thinking_answer_ok_seconds, 120.0);
}

TEST(Policy, AUseWithoutAPromptIsRefused) {
  const auto policy = parse_policy(
      replaced(builtin_text(), "\"prompt_tokens\": 1024", "\"prompt_tokens\": 0"), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("/uses/1/prompt_tokens"));
}

}  // namespace
}  // namespace assay
