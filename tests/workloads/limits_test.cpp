// What `assay probe --measure` adds to the limits: storage, and memory by place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/affinity.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "tests/temporary_directory.hpp"
#include "workloads/micro_json.hpp"
#include "workloads/placed_read.hpp"
#include "workloads/storage_speed.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

/// A file of 8 MiB: what is tested is that everything is said, not how fast it is.
StorageTestLimits small() {
  StorageTestLimits limits;
  limits.most_file = mebibytes(8);
  limits.least_file = mebibytes(8);
  return limits;
}

bool is_rate_or_reason(const Fact<Statistic>& rate) {
  return rate.is_known() ? rate.value().median > 0 : !rate.reason().empty();
}

TEST(StorageSpeed, EachRateIsMeasuredOrHasAReason) {
  const TemporaryDirectory folder;
  const auto speed = measure_storage(folder.path(), small(), {});
  ASSERT_TRUE(speed) << speed.error().text();
  EXPECT_EQ(speed->file, mebibytes(8));
  EXPECT_TRUE(is_rate_or_reason(speed->direct_queue1_bytes_per_second));
  EXPECT_TRUE(is_rate_or_reason(speed->direct_queue8_bytes_per_second));
  EXPECT_TRUE(is_rate_or_reason(speed->mapped_cold_bytes_per_second));
  ASSERT_TRUE(speed->warm_bytes_per_second.is_known());
  EXPECT_EQ(speed->warm_bytes_per_second.value().samples.size(), 8U);
}

TEST(StorageSpeed, LeavesNothingBehind) {
  const TemporaryDirectory folder;
  ASSERT_TRUE(measure_storage(folder.path(), small(), {}));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(StorageSpeed, MemoryThatCallsItselfAFileSystemIsNeverCold) {
  const std::filesystem::path memory = "/dev/shm";
  if (!std::filesystem::is_directory(memory)) GTEST_SKIP() << "no file system in memory here";
  const auto speed = measure_storage(memory, small(), {});
  if (!speed) GTEST_SKIP() << speed.error().text();
  EXPECT_THAT(speed->mapped_cold_bytes_per_second.reason(), HasSubstr("did not let go"));
}

TEST(StorageSpeed, TooLittleSpaceIsRefused) {
  const TemporaryDirectory folder;
  StorageTestLimits limits = small();
  limits.free_share = 0.0;
  const auto speed = measure_storage(folder.path(), limits, {});
  ASSERT_FALSE(speed);
  EXPECT_EQ(speed.error().code, ErrorCode::does_not_fit);
}

TEST(StorageSpeed, AFolderThatIsNotThereIsNamed) {
  const auto speed = measure_storage("/no/such/folder", small(), {});
  ASSERT_FALSE(speed);
  EXPECT_EQ(speed.error().code, ErrorCode::io);
  EXPECT_EQ(speed.error().source, "/no/such/folder");
}

TEST(StorageSpeed, StopsWhenAsked) {
  const TemporaryDirectory folder;
  std::stop_source source;
  source.request_stop();
  const auto speed = measure_storage(folder.path(), small(), source.get_token());
  ASSERT_FALSE(speed);
  EXPECT_EQ(speed.error().code, ErrorCode::interrupted);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PlacedRead, MeasuresOneCpuAndLeavesThisThreadWhereItWas) {
  const auto kernels = select_kernels({}, "scalar", Numerics::exact);
  ASSERT_TRUE(kernels) << kernels.error().text();
  const std::vector<unsigned> before = allowed_cpus();
  ASSERT_FALSE(before.empty());
  const std::vector<unsigned> one{before.front()};
  const auto rate = measure_placed_read(**kernels, one, one, mebibytes(20), {});
  ASSERT_TRUE(rate) << rate.error().text();
  EXPECT_GT(rate->median, 0);
  EXPECT_EQ(rate->samples.size(), 8U);
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(PlacedRead, ACpuThatIsNotThereIsRefused) {
  const auto kernels = select_kernels({}, "scalar", Numerics::exact);
  ASSERT_TRUE(kernels);
  const std::vector<unsigned> none{60000};
  const auto rate = measure_placed_read(**kernels, none, none, mebibytes(20), {});
  ASSERT_FALSE(rate);
  EXPECT_THAT(rate.error().message, HasSubstr("refuses"));
}

TEST(LimitsJson, PlacedReadsAndStorageSurviveTheRoundTrip) {
  MicroResults micro;
  micro.placed_reads = {{"performance", "", 6, describe({5e10, 6e10})},
                        {"node 0", "node 1", 8, describe({3e10})}};
  StorageSpeed storage;
  storage.file = Bytes(4096);
  storage.direct_queue1_bytes_per_second = Fact<Statistic>::known(describe({1e9}), "direct");
  storage.direct_queue8_bytes_per_second = Fact<Statistic>::unknown("refused");
  storage.mapped_cold_bytes_per_second = Fact<Statistic>::unknown("did not let go");
  storage.warm_bytes_per_second = Fact<Statistic>::known(describe({1e10}), "cache");
  micro.storage = storage;
  DocumentNotes notes;
  const Json json = micro_to_json(micro, "/micro", notes);
  EXPECT_EQ(notes.reasons.at("/micro/storage/direct_queue8_bytes_per_second"), "refused");
  const auto back = micro_from_json(JsonFields(json, "t", "/micro"), "/micro", notes);
  ASSERT_TRUE(back) << back.error().text();
  DocumentNotes again;
  EXPECT_EQ(micro_to_json(*back, "/micro", again), json);
  EXPECT_EQ(again.reasons, notes.reasons);
  EXPECT_EQ(back->placed_reads.at(1).memory, "node 1");
}

TEST(LimitsJson, ADocumentWithoutThemHasNone) {
  DocumentNotes notes;
  const Json json = micro_to_json({}, "/micro", notes);
  EXPECT_FALSE(json.contains("storage"));
  const auto back = micro_from_json(JsonFields(json, "t", "/micro"), "/micro", notes);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->storage.has_value());
}

}  // namespace
}  // namespace assay
