#include "advisor/capability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "advisor/catalogue.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;

PublishedScore score(const char* model, const char* table, double value, bool own = false) {
  return {model, table, "exam", "5-shot", "instruct", value, own};
}

std::vector<Strength> fitted(std::vector<PublishedScore> scores,
                             const std::vector<Contestant>& contestants) {
  PublishedScores published;
  published.scores = std::move(scores);
  published.benchmarks_by_use["chat"] = {"exam"};
  return strengths(published, "chat", contestants);
}

double log_odds(double percent) { return std::log(percent / (100.0 - percent)); }

// Three tables of two models that agree: the difference is theirs, less what the prior (which says
// that both are alike) holds against it. Per side w = 3 and p = 1/4: d (2w) / (2w + p).
TEST(Capability, TwoModelsDifferAsTheirTablesSay) {
  const auto found = fitted({score("a", "t1", 60), score("b", "t1", 40), score("a", "t2", 60),
                             score("b", "t2", 40), score("a", "t3", 60), score("b", "t3", 40)},
                            {{"a"}, {"b"}});
  const double difference = log_odds(60) - log_odds(40);
  EXPECT_NEAR(found[0].value - found[1].value, difference * 6.0 / 6.25, 1e-12);
  EXPECT_EQ(found[0].comparisons, 3U);
  EXPECT_FALSE(found[0].is_rated());
}

TEST(Capability, ScoresOfDifferentTablesAreNotCompared) {
  const auto found = fitted({score("a", "t1", 90), score("b", "t2", 10)}, {{"a"}, {"b"}});
  EXPECT_EQ(found[0].comparisons, 0U);
  EXPECT_DOUBLE_EQ(found[0].value, found[1].value);
}

TEST(Capability, ModelsThatNeverMetAreLinkedByAThird) {
  std::vector<PublishedScore> scores;
  for (const char* table : {"t1", "t2", "t3", "t4", "t5"}) {
    scores.push_back(score("a", table, 70));
    scores.push_back(score("b", table, 50));
  }
  for (const char* table : {"u1", "u2", "u3", "u4", "u5"}) {
    scores.push_back(score("b", table, 70));
    scores.push_back(score("c", table, 50));
  }
  const auto found = fitted(std::move(scores), {{"a"}, {"b"}, {"c"}});
  EXPECT_GT(found[0].value, found[1].value);
  EXPECT_GT(found[1].value, found[2].value);
  EXPECT_GT(found[0].value - found[2].value, 1.5 * (found[0].value - found[1].value));
  EXPECT_TRUE(found[0].is_rated());
}

TEST(Capability, AVendorsOwnWinCountsLess) {
  const auto neutral = fitted({score("a", "t1", 60), score("b", "t1", 40)}, {{"a"}, {"b"}});
  const auto own = fitted({score("a", "t1", 60, true), score("b", "t1", 40)}, {{"a"}, {"b"}});
  const auto others = fitted({score("a", "t1", 60), score("b", "t1", 40, true)}, {{"a"}, {"b"}});
  EXPECT_LT(own[0].value - own[1].value, neutral[0].value - neutral[1].value);
  EXPECT_DOUBLE_EQ(others[0].value - others[1].value, neutral[0].value - neutral[1].value);
}

TEST(Capability, ScoresWithThinkingCountForModelsThatThink) {
  PublishedScore thought = score("a", "t1", 90);
  thought.mode = "thinking";
  const std::vector<PublishedScore> scores{thought, score("a", "t1", 50), score("b", "t1", 60)};
  const auto direct = fitted(scores, {{"a"}, {"b"}});
  EXPECT_LT(direct[0].value, direct[1].value);
  const auto thinking = fitted(scores, {{"a", 0.0, true}, {"b"}});
  EXPECT_EQ(thinking[0].comparisons, 0U);
}

TEST(Capability, WithoutScoresTheOrderIsThatOfSizeAndAge) {
  const auto found = fitted({}, {{"small", 1.0}, {"large", 3.0}});
  EXPECT_LT(found[0].value, found[1].value);
  EXPECT_FALSE(found[1].is_rated());
}

TEST(Capability, OtherBenchmarksOfAUseDoNotCount) {
  PublishedScore other = score("a", "t1", 90);
  other.benchmark = "another";
  PublishedScore rival = score("b", "t1", 10);
  rival.benchmark = "another";
  EXPECT_EQ(fitted({other, rival}, {{"a"}, {"b"}})[0].comparisons, 0U);
}

TEST(Capability, TheTablesNameModelsOfTheCatalogueMostly) {
  const PublishedScores published = builtin_scores().value();
  const Catalogue catalogue = builtin_catalogue().value();
  std::set<std::string> named;
  for (const PublishedScore& one : published.scores) {
    if (catalogue.find(one.model) != nullptr) named.insert(one.model);
  }
  EXPECT_GE(named.size(), 95U);
  EXPECT_GE(published.scores.size(), 1300U);
}

TEST(Capability, ABadFileIsRefusedByField) {
  const auto with = [](const std::string& fields) {
    return R"({"schema": "assay.capability/1", "uses": {}, "sources": {"s": "x"}, "scores": [
        {"model": "a", "table": "t", "benchmark": "b", "version": "", "mode": "instruct",
         "by_its_vendor": false, "source": "s", )" +
           fields + "}]}";
  };
  EXPECT_TRUE(parse_scores(with(R"("score": 50)"), "t.json"));
  for (const char* bad : {R"("score": 101)", R"("score": -1)", R"("score": "good")"}) {
    const auto read = parse_scores(with(bad), "t.json");
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, ErrorCode::refused_input);
    EXPECT_THAT(read.error().text(), HasSubstr("/scores/0/score"));
  }
}

}  // namespace
}  // namespace assay
