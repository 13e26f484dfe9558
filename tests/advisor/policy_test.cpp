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

TEST(Policy, AUseWithoutAPromptIsRefused) {
  const auto policy = parse_policy(
      replaced(builtin_text(), "\"prompt_tokens\": 1024", "\"prompt_tokens\": 0"), "p.json");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("/uses/1/prompt_tokens"));
}

}  // namespace
}  // namespace assay
