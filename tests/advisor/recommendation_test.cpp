#include "advisor/recommendation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "advisor/ranking.hpp"
#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Recommendation recommended(double memory, const std::string& use = "chat",
                           const std::optional<Calibration>& calibration = example_calibration()) {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  static const Policy k_policy = builtin_policy().value();
  RecommendOptions options;
  options.use = use;
  return recommend(k_catalogue, calibration, gigabytes(memory), k_policy, options);
}

TEST(Recommendation, EveryRankedModelIsOkOrBetterAndThereOnce) {
  const Recommendation answer = recommended(16);
  ASSERT_FALSE(answer.ranking.empty());
  std::set<std::string> seen;
  for (const Candidate& candidate : answer.ranking) {
    EXPECT_TRUE(is_good(candidate.verdict.verdict)) << candidate.verdict.model;
    EXPECT_TRUE(seen.insert(candidate.verdict.model).second) << candidate.verdict.model;
    EXPECT_TRUE(candidate.capability_inferred);
    EXPECT_FALSE(candidate.reason.empty());
  }
  EXPECT_GT(answer.considered, answer.ranking.size());
  EXPECT_THAT(answer.reason, HasSubstr(answer.ranking[0].verdict.model));
}

TEST(Recommendation, KeepsToAFormatAndACacheThatAreAskedFor) {
  const Catalogue catalogue = builtin_catalogue().value();
  RecommendOptions options;
  options.recipe = Recipe::q8_0;
  const auto ranked = [&](double memory) {
    return recommend(catalogue, example_calibration(), gigabytes(memory), builtin_policy().value(),
                     options)
        .ranking;
  };
  const auto all = ranked(8);
  ASSERT_FALSE(all.empty());
  for (const Candidate& candidate : all) EXPECT_EQ(candidate.verdict.format, "Q8_0");
  EXPECT_THAT(all[0].reason, HasSubstr("in the format that was asked for: Q8_0"));
  options.cache = CacheFormat::f32;
  const auto small = std::ranges::min_element(all, {}, &Candidate::parameters);
  const auto wider = ranked(8);
  const auto same = std::ranges::find(wider, small->verdict.model,
                                      [](const Candidate& one) { return one.verdict.model; });
  ASSERT_NE(same, wider.end());  // so small that twice the cache fits
  EXPECT_EQ(same->verdict.prediction.footprint.kv_cache.value,
            2 * small->verdict.prediction.footprint.kv_cache.value);
}

TEST(Recommendation, LeavesOutModelsThatWereTrainedForLessThanTheContextAskedFor) {
  const Catalogue catalogue = builtin_catalogue().value();
  RecommendOptions options;
  options.context = 65'536;
  options.context_was_asked = true;
  const Recommendation answer = recommend(catalogue, example_calibration(400e9), gigabytes(128),
                                          builtin_policy().value(), options);
  ASSERT_FALSE(answer.ranking.empty());
  for (const Candidate& candidate : answer.ranking) {
    EXPECT_EQ(candidate.verdict.context, 65'536U) << candidate.verdict.model;
  }
  EXPECT_GT(answer.too_short, 0U);
  EXPECT_THAT(answer.reason, HasSubstr("trained for a shorter context than was asked for"));
  options.context = 1U << 30U;
  const Recommendation none = recommend(catalogue, example_calibration(), gigabytes(128),
                                        builtin_policy().value(), options);
  EXPECT_TRUE(none.ranking.empty());
  EXPECT_THAT(none.reason, HasSubstr("models for chat was trained for such a context"));
}

TEST(Recommendation, TakesTheBestFormatThatIsStillOk) {
  for (const Candidate& candidate : recommended(16).ranking) {
    for (const Recipe recipe : recipes_by_quality()) {
      if (recipe_name(recipe) == candidate.verdict.format) break;
      const Question question = question_about(candidate.verdict.model, recipe);
      const Verdict better =
          judge(question, predict(question, example_calibration(), gigabytes(16)),
                builtin_policy().value());
      EXPECT_FALSE(is_good(better.verdict)) << candidate.verdict.model << " " << better.format;
    }
  }
}

TEST(Recommendation, AFasterMachineGetsAMoreCapableModel) {
  const auto first = [](double bandwidth) {
    return recommended(32, "chat", example_calibration(bandwidth)).ranking.at(0).parameters;
  };
  EXPECT_LT(first(20e9), first(200e9));
}

TEST(Recommendation, UsesAreServedByTheModelsMadeForThem) {
  const Catalogue catalogue = builtin_catalogue().value();
  for (const Candidate& candidate : recommended(16, "code").ranking) {
    EXPECT_THAT(catalogue.find(candidate.verdict.model)->uses, testing::Contains("code"));
    EXPECT_EQ(candidate.verdict.prompt_tokens, 1024U);
  }
}

TEST(Recommendation, WhenNoneIsOkTheNearestIsNamed) {
  const Recommendation answer = recommended(0.1);
  EXPECT_THAT(answer.ranking, IsEmpty());
  EXPECT_THAT(answer.reason, HasSubstr("The nearest is smollm2-135m"));
  EXPECT_THAT(answer.reason, HasSubstr("are available"));
}

TEST(Recommendation, WithoutACalibrationNothingIsRecommended) {
  const Recommendation answer = recommended(16, "chat", std::nullopt);
  EXPECT_THAT(answer.ranking, IsEmpty());
  EXPECT_THAT(answer.reason, HasSubstr("assay assess"));
}

TEST(Recommendation, AnUnknownUseIsSaidSo) {
  EXPECT_THAT(recommended(16, "painting").reason, HasSubstr("no use painting"));
}

TEST(InferredCapability, AYearIsWorthADoublingAndExpertsCountHalf) {
  CatalogueEntry old;
  old.release = "2024-01";
  CatalogueEntry young;
  young.release = "2025-01";
  EXPECT_DOUBLE_EQ(inferred_capability(young, 4'000'000'000, 4'000'000'000),
                   inferred_capability(old, 8'000'000'000, 8'000'000'000));
  // The geometric mean of 16 and 1 is 4.
  EXPECT_DOUBLE_EQ(inferred_capability(old, 16'000'000'000, 1'000'000'000),
                   inferred_capability(old, 4'000'000'000, 4'000'000'000));
  CatalogueEntry undated;
  EXPECT_LT(inferred_capability(undated, 4'000'000'000, 4'000'000'000),
            inferred_capability(old, 4'000'000'000, 4'000'000'000));
}

}  // namespace
}  // namespace assay
