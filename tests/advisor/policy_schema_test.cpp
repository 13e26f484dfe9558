#include <gtest/gtest.h>

#include <string>

#include "advisor/policy.hpp"
#include "tests/advisor/schema_check.hpp"

namespace assay {
namespace {

class PolicySchema : public ::testing::Test {
 protected:
  static bool accepts(const nlohmann::json& document) {
    return schema_accepts("schema/policy-1.schema.json", document);
  }

  nlohmann::json policy_ = embedded_json("policies/default.json");
};

TEST_F(PolicySchema, AcceptsTheBuiltinOne) { EXPECT_TRUE(accepts(policy_)); }

// What the schema refuses, the reader refuses too.
TEST_F(PolicySchema, RejectsWhatTheReaderRefuses) {
  const std::pair<const char*, nlohmann::json> breaks[] = {
      {"/schema", "assay.policy/2"},
      {"/splendid", 1},
      {"/uses", nlohmann::json::array()},
      {"/uses/0/answer_tokens", 0},
      {"/uses/0/answer", 1},
      {"/uses/0/thinks", "yes"},
      {"/first_token_seconds/ok_up_to", "4"},
      {"/first_token_seconds/fine_up_to", 2},
      {"/thinking_answer_seconds/ok_up_to", 2e9},
      {"/memory_share_of_available/tight_up_to", 95},
  };
  for (const auto& [pointer, value] : breaks) {
    nlohmann::json broken = policy_;
    broken[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_FALSE(accepts(broken)) << pointer;
    EXPECT_FALSE(parse_policy(broken.dump(), "p.json")) << pointer;
  }
}

}  // namespace
}  // namespace assay
