#include <gtest/gtest.h>

#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "advisor/policy.hpp"
#include "base/embedded.hpp"

namespace assay {
namespace {

class PolicySchema : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto text = embedded_file("schema/policy-1.schema.json");
    ASSERT_TRUE(text);
    const nlohmann::json json = nlohmann::json::parse(*text);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(json), schema_);
    policy_ = nlohmann::json::parse(*embedded_file("policies/default.json"));
  }

  bool accepts(const nlohmann::json& document) {
    valijson::Validator validator;
    return validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
  }

  valijson::Schema schema_;
  nlohmann::json policy_;
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
