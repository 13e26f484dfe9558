#include "advisor/verdict_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace assay {
namespace {

using testing::HasSubstr;

Estimate estimate(double low, double expected, double high) {
  return {low, expected, high, Origin::predicted, Basis::this_machine};
}

Verdict sample_verdict() {
  Verdict verdict;
  verdict.model = "qwen3-4b";
  verdict.format = "Q4_K_M";
  verdict.context = 4096;
  verdict.verdict = VerdictKind::tight;
  verdict.limit = Limit::decode_speed;
  verdict.prediction.footprint.weights = Bytes(2'491'000'000);
  verdict.prediction.footprint.kv_cache = Bytes(603'979'776);
  verdict.prediction.footprint.compute = Bytes(40'000'000);
  verdict.prediction.footprint.runtime = Bytes(30'000'000);
  verdict.prediction.file_bytes = Bytes(2'497'000'000);
  verdict.prediction.available = Fact<Bytes>::known(Bytes(8'000'000'000), "test");
  verdict.prediction.decode_tokens_per_second = estimate(7, 8, 9);
  verdict.prediction.prefill_tokens_per_second = estimate(40, 50, 60);
  verdict.why = "Just about.";
  verdict.advice = {"one", "two"};
  verdict.cache_type = "Q8_0";
  verdict.answer_tokens = 128;
  verdict.answer = {{true, 512, estimate(30, 40, 50)}, VerdictKind::tight};
  verdict.other_answer = JudgedAnswer{{false, 0, estimate(8, 9, 10)}, VerdictKind::ok};
  verdict.contexts = ContextRoom{1024, 4096, 8192, 32768};
  verdict.changes = {{ChangeKind::smaller_context, "Take a context of 1024 tokens.",
                      VerdictKind::ok, estimate(7, 8, 9), Bytes(3'000'000'000)}};
  verdict.formats = {{"Q8_0", "F16", Bytes(4), Bytes(2), Bytes(7), VerdictKind::no, {}}};
  verdict.cost = running_cost(power_draw(36.0, {}, nullptr), estimate(7, 8, 9), {0.30, 2.5});
  return verdict;
}

TEST(VerdictJson, HoldsTheContractsFields) {
  const Json json = verdict_to_json(sample_verdict());
  for (const char* key :
       {"model", "format", "device", "context", "depth", "verdict", "limit",
        "decode_tokens_per_second", "time_to_first_token_seconds", "memory", "why", "advice"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  for (const char* key : {"needed_bytes", "available_bytes", "weights_bytes", "kv_cache_bytes",
                          "compute_bytes", "runtime_bytes", "file_bytes"}) {
    EXPECT_TRUE(json["memory"].contains(key)) << key;
  }
  EXPECT_EQ(json["verdict"], "tight");
  EXPECT_EQ(json["limit"], "decode_speed");
  EXPECT_EQ(json["decode_tokens_per_second"]["expected"], 8.0);
  EXPECT_EQ(json["decode_tokens_per_second"]["origin"], "predicted");
  EXPECT_EQ(json["decode_tokens_per_second"]["basis"], "this_machine");
  EXPECT_TRUE(json["time_to_first_token_seconds"]["expected"].is_null());
  EXPECT_EQ(json["time_to_first_token_seconds"]["origin"], "unknown");
  EXPECT_EQ(json["memory"]["needed_bytes"], 2'491'000'000 + 603'979'776 + 70'000'000);
}

TEST(VerdictJson, ComesBackAsItWas) {
  const Json json = verdict_to_json(sample_verdict());
  const auto back = verdict_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(verdict_to_json(*back), json);
}

TEST(VerdictJson, HoldsWhatWouldChangeIt) {
  const Json json = verdict_to_json(sample_verdict());
  EXPECT_EQ(json["changes"][0]["kind"], "smaller_context");
  EXPECT_EQ(json["changes"][0]["verdict"], "ok");
  EXPECT_EQ(json["largest_context"]["comfortable"], 1024);
  EXPECT_EQ(json["formats"][0]["verdict"], "no");
  EXPECT_EQ(json["running_cost"]["power_watts"], 36.0);
  EXPECT_EQ(json["thinking"], true);
  EXPECT_EQ(json["thinking_tokens"], 512);
  EXPECT_EQ(json["time_to_answer_seconds"]["expected"], 40.0);
  EXPECT_EQ(json["other_answer"]["verdict"], "ok");
}

TEST(VerdictJson, AChangeOfAnUnknownKindIsKept) {
  Json json = verdict_to_json(sample_verdict());
  json["changes"][0]["kind"] = "pray";
  const auto back = verdict_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->changes[0].kind, ChangeKind::other);
}

TEST(VerdictJson, AWrongTypeAmongTheChangesIsRefusedByName) {
  Json json = verdict_to_json(sample_verdict());
  json["changes"][0]["needed_bytes"] = -3;
  const auto back = verdict_from_json(JsonFields(json, "result.json", "/verdicts/0"));
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().text(), HasSubstr("/verdicts/0/changes/0/needed_bytes"));
}

TEST(VerdictJson, UnknownMemoryIsNull) {
  Verdict verdict = sample_verdict();
  verdict.prediction.available = Fact<Bytes>::unknown("no /proc");
  const Json json = verdict_to_json(verdict);
  EXPECT_TRUE(json["memory"]["available_bytes"].is_null());
  const auto back = verdict_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->prediction.available.is_known());
}

TEST(VerdictJson, EnumerationsAreOpen) {
  Json json = verdict_to_json(sample_verdict());
  json["verdict"] = "splendid";
  json["limit"] = "gravity";
  json["new_field"] = 7;
  const auto back = verdict_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->verdict, VerdictKind::unknown);
  EXPECT_EQ(back->limit, Limit::none);
}

TEST(VerdictJson, AWrongTypeIsRefusedByName) {
  Json json = verdict_to_json(sample_verdict());
  json["memory"]["weights_bytes"] = "much";
  const auto back = verdict_from_json(JsonFields(json, "result.json", "/verdicts/0"));
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().text(), HasSubstr("result.json: /verdicts/0/memory/weights_bytes"));
}

TEST(VerdictJson, ARecommendationComesBackAsItWas) {
  Recommendation recommendation;
  recommendation.use = "chat";
  recommendation.considered = 40;
  recommendation.reason = "because";
  Candidate candidate;
  candidate.verdict = sample_verdict();
  candidate.parameters = 4'022'468'096;
  candidate.family = "Qwen3";
  candidate.reason = "newest";
  recommendation.ranking.push_back(candidate);
  const Json json = recommendation_to_json(recommendation);
  EXPECT_TRUE(json["ranking"][0]["release"].is_null());
  const auto back = recommendation_from_json(JsonFields(json, "test"));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(recommendation_to_json(*back), json);
}

TEST(VerdictNames, GoThereAndBack) {
  for (const auto kind : {VerdictKind::comfortable, VerdictKind::ok, VerdictKind::tight,
                          VerdictKind::no, VerdictKind::unknown}) {
    EXPECT_EQ(verdict_from_name(verdict_name(kind)), kind);
  }
  for (const auto limit :
       {Limit::memory, Limit::decode_speed, Limit::first_token, Limit::answer_time, Limit::context,
        Limit::storage, Limit::unsupported, Limit::none}) {
    EXPECT_EQ(limit_from_name(limit_name(limit)), limit);
  }
  for (const auto origin : {Origin::measured, Origin::predicted, Origin::unknown}) {
    EXPECT_EQ(origin_from_name(origin_name(origin)), origin);
  }
  for (const auto basis : {Basis::this_machine, Basis::given_result, Basis::profile}) {
    EXPECT_EQ(basis_from_name(basis_name(basis)), basis);
  }
}

}  // namespace
}  // namespace assay
