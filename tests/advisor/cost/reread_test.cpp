#include "advisor/cost/reread.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace assay {
namespace {

const std::vector<RereadSpeed> k_large_cache{{1e8, 1.5}, {4e8, 1.2}, {16e8, 1.0}};

TEST(Reread, IsMemoryWhereNothingWasMeasured) {
  EXPECT_DOUBLE_EQ(reread_times({}, 1e6), 1.0);
  Work step;
  step.dense[WeightFormat::q8_0] = 1e8;
  EXPECT_DOUBLE_EQ(from_memory(step, {}).dense[WeightFormat::q8_0], 1e8);
}

TEST(Reread, GoesBetweenSizesByTheirLogarithm) {
  EXPECT_DOUBLE_EQ(reread_times(k_large_cache, 1e7), 1.5);
  EXPECT_DOUBLE_EQ(reread_times(k_large_cache, 1e8), 1.5);
  EXPECT_NEAR(reread_times(k_large_cache, 2e8), 1.35, 1e-12);
  EXPECT_NEAR(reread_times(k_large_cache, 8e8), 1.1, 1e-12);
  EXPECT_DOUBLE_EQ(reread_times(k_large_cache, 16e8), 1.0);
  EXPECT_DOUBLE_EQ(reread_times(k_large_cache, 1e12), 1.0);
}

// 1e8 bytes of dense weights, keys and values come again after themselves and 1e8 of chosen
// experts; an expert after those and all experts.
TEST(Reread, ExpertsComeAgainAfterMostOfTheOthers) {
  Work step;
  step.dense[WeightFormat::q8_0] = 8e7;
  step.cache_bytes = 2e7;
  step.experts[WeightFormat::q4_k] = 1e8;
  step.expert_bytes = 7e8;
  const Work seen = from_memory(step, k_large_cache);
  EXPECT_NEAR(seen.dense.at(WeightFormat::q8_0), 8e7 / 1.35, 1.0);
  EXPECT_NEAR(seen.cache_bytes, 2e7 / 1.35, 1.0);
  EXPECT_NEAR(seen.experts.at(WeightFormat::q4_k), 1e8 / 1.1, 1.0);
}

}  // namespace
}  // namespace assay
