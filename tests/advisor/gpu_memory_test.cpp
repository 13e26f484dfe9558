#include "advisor/gpu_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using ::testing::HasSubstr;

Fact<Bytes> known(Bytes bytes) { return Fact<Bytes>::known(bytes, "test"); }

GraphicsCard shared_card(const char* vendor) {
  GraphicsCard card;
  card.vendor = vendor;
  card.shared_with_cpu = true;
  return card;
}

TEST(GpuMemory, AppleLendsWhatMetalRecommends) {
  const GraphicsCard apple = shared_card("apple");
  // As programs log it, in MiB: 10922 of 16 GB, 21845 of 32, 27648 of 36, 49152 of 64.
  EXPECT_EQ(lent_memory(apple, gibibytes(16)).value().value >> 20U, 10922U);
  EXPECT_EQ(lent_memory(apple, gibibytes(32)).value().value >> 20U, 21845U);
  EXPECT_EQ(lent_memory(apple, gibibytes(36)).value(), mebibytes(27648));
  EXPECT_EQ(lent_memory(apple, gibibytes(64)).value(), mebibytes(49152));
}

TEST(GpuMemory, LinuxLendsAnAmdPartHalf) {
  const GraphicsCard amd = shared_card("amd");
  EXPECT_EQ(lent_memory(amd, gibibytes(32)).value(), gibibytes(16));
  EXPECT_EQ(lent_memory(amd, gibibytes(4)).value(), gibibytes(3));
  EXPECT_EQ(lent_memory(amd, gibibytes(2)).value(), gibibytes(2));
}

TEST(GpuMemory, ACardThatIsSoldKeepsADriversPart) {
  GraphicsCard card;
  EXPECT_EQ(sold_memory(card, gibibytes(8)).value(), gibibytes(8) - mebibytes(457));
  EXPECT_EQ(sold_memory(card, mebibytes(100)).value(), Bytes());
}

TEST(GpuMemory, OfASharedMemoryThatIsSoldTheSystemKeepsItsPart) {
  EXPECT_EQ(sold_memory(shared_card("apple"), gibibytes(64)).value(), gibibytes(48));
  EXPECT_EQ(sold_memory(shared_card("intel"), gibibytes(16)).value(), gibibytes(12));
  // The driver would lend 3 GB of the 4, but half of so little is the system's.
  EXPECT_EQ(sold_memory(shared_card("amd"), gibibytes(4)).value(), gibibytes(2));
}

// 4 GB that firmware keeps for graphics are not among the 10 that the system has available.
TEST(GpuMemory, ACarveOutIsAddedToWhatIsAvailable) {
  GpuProfile gpu;
  gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::unified, "test");
  gpu.memory = known(gibibytes(4));
  gpu.usable_memory = known(gibibytes(20));
  const GraphicsCard card = shared_card("amd");
  EXPECT_EQ(memory_for_model(card, gpu, known(gibibytes(32)), known(gibibytes(10))).value(),
            gibibytes(14));
  gpu.usable_memory = known(gibibytes(13));
  EXPECT_EQ(memory_for_model(card, gpu, known(gibibytes(32)), known(gibibytes(10))).value(),
            gibibytes(13));
}

TEST(GpuMemory, SharedMemoryIsNeverMoreThanWhatTheMachineHasAvailable) {
  GpuProfile gpu;
  const GraphicsCard card = shared_card("amd");
  EXPECT_EQ(memory_for_model(card, gpu, known(gibibytes(32)), known(gibibytes(9))).value(),
            gibibytes(9));
  EXPECT_EQ(memory_for_model(card, gpu, known(gibibytes(32)), known(gibibytes(28))).value(),
            gibibytes(16));
  gpu.usable_memory = known(gibibytes(20));
  EXPECT_EQ(memory_for_model(card, gpu, known(gibibytes(32)), known(gibibytes(28))).value(),
            gibibytes(20));
}

TEST(GpuMemory, ACardsOwnMemoryIsWhatIsFreeElseAllOfIt) {
  GraphicsCard card;
  card.memory = {gibibytes(8)};
  card.source = "its maker";
  GpuProfile gpu;
  EXPECT_EQ(memory_for_model(card, gpu, {}, {}).value(), gibibytes(8));
  gpu.memory = known(mebibytes(8188));
  EXPECT_EQ(memory_for_model(card, gpu, {}, {}).value(), mebibytes(8188));
  EXPECT_THAT(memory_for_model(card, gpu, {}, {}).source(), HasSubstr("what is free is not told"));
  gpu.usable_memory = known(mebibytes(7000));
  EXPECT_EQ(memory_for_model(card, gpu, {}, {}).value(), mebibytes(7000));
}

TEST(GpuMemory, IsUnknownWhereNothingTells) {
  GraphicsCard card;
  card.memory = {gibibytes(2), gibibytes(3)};
  EXPECT_FALSE(memory_for_model(card, {}, {}, {}).is_known());
  EXPECT_FALSE(memory_for_model(shared_card("amd"), {}, known(gibibytes(8)), {}).is_known());
}

}  // namespace
}  // namespace assay
