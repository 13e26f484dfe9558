#include "reports/exporter.hpp"

#include <gmock/gmock.h>

#include "reports/renderer.hpp"
#include "sample_assessment.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string document_text(const Assessment& assessment) {
  return find_render_format("json")->render(assessment, {});
}

class ExporterTest : public ::testing::Test {
 protected:
  TemporaryDirectory state_;
  Exporter exporter_{state_.path() / "latest.json", {"0.1.0", "abc", "Release", ""}, {"qwen3-4b"}};
};

TEST_F(ExporterTest, SaysThatThereIsNoResult) {
  EXPECT_THAT(exporter_.answer("/metrics").body, HasSubstr("assay_result_available 0\n"));
  EXPECT_THAT(exporter_.answer("/").body, HasSubstr("assay assess"));
  EXPECT_EQ(exporter_.answer("/healthz").body, "ok\n");
}

TEST_F(ExporterTest, ServesTheStoredResult) {
  state_.write("latest.json", document_text(sample_assessment()));
  const HttpReply reply = exporter_.answer("/metrics");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(reply.body, HasSubstr("assay_model_ready{model=\"qwen3-4b\"} 1\n"));
}

TEST_F(ExporterTest, ReadsAResultAgainWhenItHasChanged) {
  Assessment assessment = sample_assessment();
  state_.write("latest.json", document_text(assessment));
  EXPECT_THAT(exporter_.answer("/metrics").body, HasSubstr("assay_run_success 1\n"));
  assessment.partial = true;
  assessment.skipped.emplace_back("so that the size differs");
  state_.write("latest.json", document_text(assessment));
  EXPECT_THAT(exporter_.answer("/metrics").body, HasSubstr("assay_run_success 0\n"));
  std::filesystem::remove(state_.path() / "latest.json");
  EXPECT_THAT(exporter_.answer("/metrics").body, HasSubstr("assay_result_available 0\n"));
}

TEST_F(ExporterTest, ServesOnWhenTheStoredResultIsBroken) {
  state_.write("latest.json", "{\"schema\": \"<script>\"}");
  const std::string metrics = exporter_.answer("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("assay_result_available 0\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("assay_run_success")));
  EXPECT_THAT(exporter_.answer("/").body, HasSubstr("&lt;script&gt;"));
}

TEST_F(ExporterTest, KnowsNoOtherPath) {
  for (const char* path : {"/metrics/", "/Metrics", "//metrics", "/favicon.ico", "/..", ""}) {
    EXPECT_EQ(exporter_.answer(path).status, 404U) << path;
  }
}

}  // namespace
}  // namespace assay
