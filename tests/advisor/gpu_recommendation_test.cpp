#include "advisor/gpu_recommendation.hpp"

#include <gtest/gtest.h>

#include "advisor/gpu_memory.hpp"
#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

GpuPlace place_of(const std::string& name, Bytes memory, double bandwidth) {
  GpuPlace place;
  place.name = name;
  place.memory = Fact<Bytes>::known(memory, "test");
  place.calibration = example_calibration();
  place.calibration->read_bandwidth_bytes_per_second = bandwidth;
  return place;
}

std::vector<GpuRecommendation> recommended(const std::vector<GpuPlace>& gpus) {
  return recommend_on_gpus(builtin_catalogue().value(), gpus, builtin_policy().value(), {});
}

TEST(GpuRecommendation, HoldsModelsThatTheGpusMemoryHolds) {
  const Bytes memory = gibibytes(8);
  const auto found = recommended({place_of("RTX 4060", memory, 240e9)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].device, "RTX 4060");
  ASSERT_FALSE(found[0].recommendation.ranking.empty());
  for (const Candidate& one : found[0].recommendation.ranking) {
    EXPECT_EQ(one.verdict.device, "RTX 4060");
    EXPECT_LE(one.verdict.prediction.footprint.peak() + k_gpu_driver, memory);
  }
}

TEST(GpuRecommendation, LeavesRoomForTheDriverOfACardWithMemoryOfItsOwn) {
  GpuPlace card = place_of("MX150", gibibytes(2), 40e9);
  const auto own = recommended({card});
  card.shared_with_cpu = true;
  card.memory = Fact<Bytes>::known(gibibytes(2) - k_gpu_driver, "test");
  const auto shared = recommended({card});
  ASSERT_EQ(own[0].recommendation.ranking.size(), shared[0].recommendation.ranking.size());
  card.memory = Fact<Bytes>::known(gibibytes(2), "test");
  EXPECT_LT(own[0].recommendation.ranking.size(),
            recommended({card})[0].recommendation.ranking.size());
}

TEST(GpuRecommendation, OfCardsOfOneNameTheOneWithTheMostFreeMemoryCounts) {
  const GpuPlace busy = place_of("RTX 3090", gibibytes(1), 900e9);
  const GpuPlace free = place_of("RTX 3090", gibibytes(24), 900e9);
  const auto found = recommended({busy, free});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].recommendation.ranking.size(),
            recommended({free})[0].recommendation.ranking.size());
}

TEST(GpuRecommendation, AlikeGpusAreAnsweredOnceAndUnknownOnesNotAtAll) {
  GpuPlace unknown;
  unknown.name = "Intel GPU 8086:1234";
  unknown.memory = Fact<Bytes>::unknown("no driver tells");
  const GpuPlace card = place_of("RTX 4060", gibibytes(8), 240e9);
  const auto found = recommended({card, unknown, card, place_of("RTX 4090", gibibytes(24), 9e11)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].device, "RTX 4060");
  EXPECT_EQ(found[1].device, "RTX 4090");
}

TEST(GpuRecommendation, AsADocumentHasTheDeviceAndTheRanking) {
  const auto found = recommended({place_of("RTX 4060", gibibytes(8), 240e9)});
  const Json json = gpu_recommendation_to_json(found.at(0));
  EXPECT_EQ(json["device"], "RTX 4060");
  EXPECT_EQ(json["recommendation"]["ranking"].size(), found[0].recommendation.ranking.size());
}

}  // namespace
}  // namespace assay
