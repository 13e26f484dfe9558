#include "advisor/load_time.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

using Rate = Fact<Statistic>;

TEST(ColdLoad, IsSizeOverTheColdRate) {
  StorageSpeed speed;
  speed.mapped_cold_bytes_per_second = Rate::known(describe({2e9}), "measured");
  speed.direct_queue1_bytes_per_second = Rate::known(describe({1e9}), "measured");
  EXPECT_DOUBLE_EQ(predict_cold_load_seconds(Bytes(4'000'000'000), speed).value_or(0), 2.0);
}

TEST(ColdLoad, FallsBackToDirectReads) {
  StorageSpeed speed;
  speed.mapped_cold_bytes_per_second = Rate::unknown("the cache did not let go");
  speed.direct_queue1_bytes_per_second = Rate::known(describe({1e9}), "measured");
  EXPECT_DOUBLE_EQ(predict_cold_load_seconds(Bytes(4'000'000'000), speed).value_or(0), 4.0);
}

TEST(ColdLoad, IsUnknownWithoutAMeasurement) {
  StorageSpeed speed;
  speed.mapped_cold_bytes_per_second = Rate::unknown("the files lie in memory");
  EXPECT_EQ(predict_cold_load_seconds(Bytes(1), speed).reason(), "the files lie in memory");
}

}  // namespace
}  // namespace assay
