#include "reference-engine/sampler.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace assay {
namespace {

constexpr float k_nan = std::numeric_limits<float>::quiet_NaN();

TEST(Sampler, GreedyTakesTheLargestAndTheFirstOfEquals) {
  Sampler sampler({.temperature = 0.0F, .seed = 1});
  EXPECT_EQ(sampler.next(std::array{-1.0F, 3.0F, 2.0F, 3.0F}), 1U);
  EXPECT_EQ(sampler.next(std::array{k_nan, -5.0F, -4.0F}), 2U);
}

TEST(Sampler, TheSameSeedGivesTheSameTokens) {
  const std::array logits{0.0F, 0.5F, 1.0F, 1.5F};
  Sampler a({.temperature = 1.0F, .seed = 7});
  Sampler b({.temperature = 1.0F, .seed = 7});
  Sampler other({.temperature = 1.0F, .seed = 8});
  int different = 0;
  for (int i = 0; i < 100; ++i) {
    const TokenId token = a.next(logits);
    EXPECT_EQ(token, b.next(logits));
    different += token != other.next(logits) ? 1 : 0;
  }
  EXPECT_GT(different, 20);
}

TEST(Sampler, KeepsItsPublishedSequence) {
  // A change here changes what users get for a seed; the values are those of the first release.
  const std::array logits{0.0F, 0.5F, 1.0F, 1.5F};
  Sampler sampler({.temperature = 1.0F, .seed = 42});
  std::vector<TokenId> tokens;
  for (int i = 0; i < 12; ++i) tokens.push_back(sampler.next(logits));
  EXPECT_EQ(tokens, (std::vector<TokenId>{3, 3, 3, 1, 3, 0, 3, 2, 2, 2, 0, 2}));
}

TEST(Sampler, FollowsTheSoftmaxOfTheTemperature) {
  const std::array logits{0.0F, 1.0F, 2.0F};
  for (const double temperature : {0.5, 1.0, 2.0}) {
    Sampler sampler({.temperature = static_cast<float>(temperature), .seed = 3});
    constexpr int k_draws = 20000;
    std::array<int, 3> drawn{};
    for (int i = 0; i < k_draws; ++i) ++drawn[sampler.next(logits)];
    double total = 0;
    for (const float logit : logits) total += std::exp(static_cast<double>(logit) / temperature);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const double expected = std::exp(static_cast<double>(logits[i]) / temperature) / total;
      // Standard deviation of a share is at most sqrt(0.25 / 20000) = 0.0035; five of them.
      EXPECT_NEAR(static_cast<double>(drawn[i]) / k_draws, expected, 0.018);
    }
  }
}

TEST(Sampler, NeverTakesWhatHasNoProbability) {
  const std::array logits{-std::numeric_limits<float>::infinity(), 1.0F, k_nan, -1e30F};
  Sampler sampler({.temperature = 1.0F, .seed = 5});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(sampler.next(logits), 1U);
}

TEST(Sampler, SurvivesLogitsThatAreNoNumbers) {
  Sampler sampler({.temperature = 1.0F, .seed = 5});
  EXPECT_LT(sampler.next(std::array{k_nan, k_nan}), 2U);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_LT(sampler.next(std::array{infinity, infinity}), 2U);
}

}  // namespace
}  // namespace assay
