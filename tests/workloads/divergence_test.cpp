#include "workloads/measure/divergence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay {
namespace {

float ln(double x) { return static_cast<float>(std::log(x)); }

// Reference probabilities 1/2, 1/4, 1/4; the model's 1/4, 1/2, 1/4. Logits are float32: 1e-6.
TEST(TokenScore, IsThatOfThePaper) {
  const std::vector<float> reference{ln(2.0) + 5.0F, ln(1.0) + 5.0F, ln(1.0) + 5.0F};
  const std::vector<float> model{ln(1.0) - 3.0F, ln(2.0) - 3.0F, ln(1.0) - 3.0F};
  const TokenScore score = score_token(model, reference, 1);
  EXPECT_NEAR(score.surprise, std::log(2.0), 1e-6);
  EXPECT_NEAR(score.reference_surprise, std::log(4.0), 1e-6);
  // 1/2 ln 2 + 1/4 ln 1/2 + 0
  EXPECT_NEAR(score.divergence, 0.25 * std::log(2.0), 1e-6);
  EXPECT_FALSE(score.same_top);
}

TEST(TokenScore, OfEqualModelsIsNoDivergence) {
  const std::vector<float> logits{1.0F, -200.0F, 300.0F, 2.5F};
  const TokenScore score = score_token(logits, logits, 0);
  EXPECT_EQ(score.divergence, 0.0);
  EXPECT_TRUE(score.same_top);
  EXPECT_NEAR(score.surprise, 299.0, 1e-9);
}

TokenScore token(double surprise, double divergence, bool same_top) {
  return {surprise, surprise / 2.0, divergence, same_top};
}

TEST(QualityFigures, AreThoseOfAllTokens) {
  const std::vector<std::vector<TokenScore>> chunks{{token(1.0, 0.1, true), token(2.0, 0.2, true)},
                                                    {token(3.0, 0.6, false)}};
  Quality quality;
  summarise_scores(chunks, 1, quality);
  EXPECT_EQ(quality.chunks, 2U);
  EXPECT_EQ(quality.scored_tokens, 3U);
  EXPECT_NEAR(quality.perplexity.value, std::exp(2.0), 1e-12);
  EXPECT_NEAR(quality.reference_perplexity.value, std::exp(1.0), 1e-12);
  EXPECT_NEAR(quality.mean_divergence_nats.value, 0.3, 1e-12);
  EXPECT_EQ(quality.p99_divergence_nats.value, 0.6);
  EXPECT_NEAR(quality.top1_agreement_ratio.value, 2.0 / 3.0, 1e-12);
  EXPECT_FALSE(quality.perplexity.ci95);  // two chunks say nothing about their spread
}

TEST(QualityFigures, TakeTheNearestRankAsPercentile) {
  std::vector<TokenScore> chunk;
  for (int i = 1; i <= 200; ++i) chunk.push_back(token(1.0, i, true));
  Quality quality;
  summarise_scores(std::vector<std::vector<TokenScore>>{chunk}, 1, quality);
  EXPECT_EQ(quality.p99_divergence_nats.value, 198.0);
}

// 40 chunks of one token, half with divergence 0 and half with 1: the mean of a resample is
// binomial(40, 1/2) / 40, deviation 0.079; its 2.5th percentile is 14/40, its 97.5th 26/40. 1000
// resamples know a percentile to about one step of 1/40.
TEST(QualityFigures, HaveTheIntervalOfTheBootstrap) {
  std::vector<std::vector<TokenScore>> chunks;
  for (int i = 0; i < 40; ++i) chunks.push_back({token(1.0, i % 2, i % 2 == 0)});
  Quality quality;
  summarise_scores(chunks, 7, quality);
  ASSERT_TRUE(quality.mean_divergence_nats.ci95);
  EXPECT_NEAR(quality.mean_divergence_nats.ci95->low, 14.0 / 40.0, 1.01 / 40.0);
  EXPECT_NEAR(quality.mean_divergence_nats.ci95->high, 26.0 / 40.0, 1.01 / 40.0);
  EXPECT_NEAR(quality.top1_agreement_ratio.ci95->low, 14.0 / 40.0, 1.01 / 40.0);
  // Every chunk is as surprised as the others.
  EXPECT_NEAR(quality.perplexity.ci95->low, std::exp(1.0), 1e-12);
  EXPECT_NEAR(quality.perplexity.ci95->high, std::exp(1.0), 1e-12);
}

TEST(QualityFigures, AreTheSameForTheSameSeed) {
  std::vector<std::vector<TokenScore>> chunks;
  for (int i = 0; i < 10; ++i) chunks.push_back({token(0.3 * i, 0.1 * i, i > 2)});
  Quality first;
  Quality second;
  summarise_scores(chunks, 3, first);
  summarise_scores(chunks, 3, second);
  EXPECT_EQ(first.p99_divergence_nats.ci95->low, second.p99_divergence_nats.ci95->low);
  EXPECT_EQ(first.perplexity.ci95->high, second.perplexity.ci95->high);
}

}  // namespace
}  // namespace assay
