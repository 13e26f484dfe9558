#include "reports/measured_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/render/sections.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

Assessment measured() {
  Assessment assessment;
  assessment.started_at = "2026-11-27T14:00:00Z";
  assessment.micro.isa = "avx2";
  assessment.micro.read_bandwidth_bytes_per_second[2] = describe({4e10});
  assessment.micro.placed_reads = {{"performance", "", 6, describe({5e10})},
                                   {"node 0", "node 0", 8, describe({1e11})},
                                   {"node 0", "node 1", 8, describe({3e10})}};
  StorageSpeed storage;
  storage.file = Bytes(2'000'000'000);
  storage.direct_queue1_bytes_per_second =
      Fact<Statistic>::known(describe({3.5e9}), "direct reads");
  storage.mapped_cold_bytes_per_second = Fact<Statistic>::unknown("the cache did not let go");
  assessment.micro.storage = storage;
  return assessment;
}

TEST(MeasuredText, HasItsDate) {
  EXPECT_THAT(render_measured(measured(), {}), HasSubstr("2026-11-27T14:00:00Z"));
}

TEST(MeasuredText, TellsOwnMemoryFromAnothers) {
  const std::string text = render_measured(measured(), {});
  EXPECT_THAT(text, HasSubstr("node 0, own memory"));
  EXPECT_THAT(text, HasSubstr("node 0, node 1"));
  EXPECT_THAT(text, HasSubstr("50.0 GB/s, 6 threads"));
}

TEST(MeasuredText, SaysWhyARateOfStorageIsUnknown) {
  const std::string text = render_measured(measured(), {});
  EXPECT_THAT(text, HasSubstr("3.50 GB/s"));
  EXPECT_THAT(text, HasSubstr("unknown: the cache did not let go"));
}

TEST(ReportSections, DrawPlacesAndStorageWhereADocumentHasThem) {
  const std::string text = draw_sections(report_sections(measured()), {});
  EXPECT_THAT(text, HasSubstr("Read bandwidth by place\n"));
  EXPECT_THAT(text, HasSubstr("Storage (2.0 GB file)\n"));
  const std::string without = draw_sections(report_sections({}), {});
  EXPECT_THAT(without, Not(HasSubstr("by place")));
  EXPECT_THAT(without, Not(HasSubstr("Storage (")));
}

TEST(MeasuredText, IsEmptyWithoutMeasurements) { EXPECT_EQ(render_measured({}, {}), ""); }

}  // namespace
}  // namespace assay
