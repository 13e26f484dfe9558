#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "reference-engine/ops/moe_router.hpp"
#include "reference-engine/ops/rope.hpp"

namespace assay {
namespace {

TEST(ChooseExperts, TakesTheLowestIndexOfEquals) {
  const MoeSpec moe{.experts = 5, .used = 3};
  std::array logits{1.0F, 2.0F, 1.0F, 2.0F, 1.0F};
  std::array<std::uint32_t, 3> chosen{};
  std::array<float, 3> weights{};
  choose_experts(moe, {}, logits, chosen, weights);
  EXPECT_EQ(chosen, (std::array<std::uint32_t, 3>{1, 3, 0}));
}

TEST(ChooseExperts, WeighsOverAllExpertsUnlessNormalised) {
  std::array<std::uint32_t, 1> chosen{};
  std::array<float, 1> weights{};
  std::array logits{0.0F, std::log(3.0F)};
  choose_experts({.experts = 2, .used = 1}, {}, logits, chosen, weights);
  EXPECT_FLOAT_EQ(weights[0], 0.75F);
  choose_experts({.experts = 2, .used = 1, .normalise_weights = true}, {}, logits, chosen, weights);
  EXPECT_FLOAT_EQ(weights[0], 1.0F);
}

TEST(ChooseExperts, StaysInRangeForLogitsThatAreNoNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::array logits{nan, nan, nan, nan};
  std::array<std::uint32_t, 2> chosen{};
  std::array<float, 2> weights{};
  choose_experts({.experts = 4, .used = 2}, {}, logits, chosen, weights);
  EXPECT_EQ(chosen, (std::array<std::uint32_t, 2>{0, 1}));
}

TEST(ChooseExperts, WeighsEachExpertByItselfWithASigmoid) {
  std::array<std::uint32_t, 2> chosen{};
  std::array<float, 2> weights{};
  std::array logits{0.0F, -1.0F, std::log(3.0F)};
  const MoeSpec moe{.experts = 3, .used = 2, .router = RouterKind::sigmoid, .weight_scale = 2.0F};
  choose_experts(moe, {}, logits, chosen, weights);
  EXPECT_EQ(chosen, (std::array<std::uint32_t, 2>{2, 0}));
  EXPECT_FLOAT_EQ(weights[0], 1.5F);
  EXPECT_FLOAT_EQ(weights[1], 1.0F);
}

TEST(ChooseExperts, CountsABiasInTheChoiceAndNotInTheWeights) {
  std::array<std::uint32_t, 1> chosen{};
  std::array<float, 1> weights{};
  std::array logits{0.0F, std::log(3.0F)};
  const std::array bias{0.6F, 0.0F};  // 0.25 + 0.6 is more than 0.75
  choose_experts({.experts = 2, .used = 1, .selection_bias = true}, bias, logits, chosen, weights);
  EXPECT_EQ(chosen[0], 0U);
  EXPECT_FLOAT_EQ(weights[0], 0.25F);
}

TEST(ChooseExperts, LooksOnlyIntoTheGroupsWhoseTwoBestSumUpHighest) {
  // The best expert of all stands beside one that is hardly used: sums 1.0, 1.1, 1.3 and 0.4.
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1.0 - p))); };
  std::array logits{logit(0.9), logit(0.1), logit(0.6), logit(0.5),
                    logit(0.7), logit(0.6), logit(0.2), logit(0.2)};
  const MoeSpec moe{
      .experts = 8, .used = 3, .router = RouterKind::sigmoid, .groups = 4, .groups_used = 2};
  std::array<std::uint32_t, 3> chosen{};
  std::array<float, 3> weights{};
  choose_experts(moe, {}, logits, chosen, weights);
  EXPECT_EQ(chosen, (std::array<std::uint32_t, 3>{4, 2, 5}));
  EXPECT_FLOAT_EQ(weights[0], 0.7F);
}

TEST(ChooseExperts, ChoosesGroupsByBiasedRanksAndWeighsWithoutBias) {
  std::array logits{0.0F, 0.0F, 1.0F, 1.0F};
  const std::array bias{2.0F, 2.0F, 0.0F, 0.0F};
  const MoeSpec moe{
      .experts = 4, .used = 1, .router = RouterKind::sigmoid, .groups = 2, .groups_used = 1};
  std::array<std::uint32_t, 1> chosen{};
  std::array<float, 1> weights{};
  choose_experts(moe, bias, logits, chosen, weights);
  EXPECT_EQ(chosen[0], 0U);
  EXPECT_FLOAT_EQ(weights[0], 0.5F);
}

TEST(Rope, RotatesBothLayoutsByTheSameAngle) {
  RopeSpec rope;
  rope.dims = 4;
  const RopeFrequencies frequencies = rope_frequencies(rope, {});
  std::array<float, 2> cosines{};
  std::array<float, 2> sines{};
  rope_table(frequencies, 7, 1, cosines.data(), sines.data());
  std::array adjacent{1.0F, 2.0F, 3.0F, 4.0F, 9.0F};
  std::array halves{1.0F, 3.0F, 2.0F, 4.0F, 9.0F};
  rotate_head(rope, cosines.data(), sines.data(), adjacent.data());
  rope.pairs = RopePairs::halves;
  rotate_head(rope, cosines.data(), sines.data(), halves.data());
  EXPECT_FLOAT_EQ(adjacent[0], static_cast<float>(std::cos(7.0) - 2.0 * std::sin(7.0)));
  EXPECT_EQ(adjacent[0], halves[0]);
  EXPECT_EQ(adjacent[1], halves[2]);
  EXPECT_EQ(adjacent[2], halves[1]);
  EXPECT_EQ(adjacent[3], halves[3]);
  EXPECT_EQ(adjacent[4], 9.0F);  // beyond the rotated values
}

TEST(Rope, DividesByFactorsAndByTheLinearScale) {
  RopeSpec rope;
  rope.dims = 4;
  const std::vector<float> factors{1.0F, 4.0F};
  const RopeFrequencies plain = rope_frequencies(rope, {});
  const RopeFrequencies divided = rope_frequencies(rope, factors);
  EXPECT_DOUBLE_EQ(divided.frequencies[1], plain.frequencies[1] / 4.0);
  rope.scaling = RopeScaling::linear;
  rope.factor = 2.0F;
  EXPECT_DOUBLE_EQ(rope_frequencies(rope, {}).frequencies[0], plain.frequencies[0] / 2.0);
}

}  // namespace
}  // namespace assay
