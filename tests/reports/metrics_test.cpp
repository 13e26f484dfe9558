#include "reports/metrics.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "advisor/catalogue.hpp"
#include "base/file.hpp"
#include "reports/timestamp.hpp"
#include "sample_assessment.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MetricInput sample_input() {
  auto models = builtin_metric_models();
  return {{"0.1.0", "0123456789ab", "Release", "GNU 12.2.0"}, sample_assessment(), *models};
}

/// Series by name.
std::map<std::string, int> series_count(const std::string& text) {
  std::map<std::string, int> count;
  const std::regex sample("(^|\n)([a-z_0-9]+)(\\{[^\n]*\\})? [^\n]+");
  for (std::sregex_iterator at(text.begin(), text.end(), sample), end; at != end; ++at) {
    ++count[(*at)[2]];
  }
  return count;
}

TEST(MetricCatalogue, HasSoundRows) {
  std::set<std::string_view> names;
  for (const Metric& metric : metric_catalogue()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_TRUE(metric.name.starts_with("assay_")) << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
    for (const auto& [unit, suffix] :
         {std::pair{"seconds", "_seconds"}, std::pair{"bytes", "_bytes"},
          std::pair{"ratio", "_ratio"}, std::pair{"tokens per second", "_tokens_per_second"},
          std::pair{"bytes per second", "_bytes_per_second"}}) {
      EXPECT_TRUE(metric.unit != unit || metric.name.ends_with(suffix)) << metric.name;
    }
  }
}

TEST(MetricCatalogue, LabelsEverySampleWhole) {
  for (const Metric& metric : metric_catalogue()) {
    for (const MetricSample& sample : metric.read(sample_input())) {
      EXPECT_EQ(sample.labels.size(), metric.labels.size()) << metric.name;
    }
  }
}

TEST(MetricCatalogue, IsDocumentedRowByRow) {
  const auto page = read_file(
      std::filesystem::path(ASSAY_TEST_ROOT).parent_path() / "docs" / "metrics.md", mebibytes(1));
  ASSERT_TRUE(page) << page.error().text();
  for (const Metric& metric : metric_catalogue()) {
    const std::string labels = fmt::format("{}", fmt::join(metric.labels, ", "));
    const std::string row =
        fmt::format("| `{}` | {} | {} | {} |", metric.name, labels, metric.unit, metric.help);
    EXPECT_THAT(*page, HasSubstr(row));
  }
}

TEST(MetricsText, EqualsTheGoldenFile) {
  const std::filesystem::path golden =
      std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / "metrics" / "sample.prom";
  const auto expected = read_file(golden, mebibytes(1));
  ASSERT_TRUE(expected) << expected.error().text();
  // The library keeps series in hash order: compare them as sets of lines.
  const auto lines = [](const std::string& text) {
    std::multiset<std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.insert(line);
    return all;
  };
  EXPECT_EQ(lines(metrics_text(sample_input())), lines(*expected));
}

TEST(MetricsText, PassesPromtool) {
  if (std::system("promtool --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no promtool";
  const TemporaryDirectory folder;
  Assessment hostile = sample_assessment();
  hostile.verdicts[0].model = "evil\"} 1\nassay_fake 1";
  MetricInput input = sample_input();
  for (const auto& assessment :
       {std::optional<Assessment>(), std::optional(sample_assessment()), std::optional(hostile)}) {
    input.assessment = assessment;
    input.models = {"qwen3-4b", hostile.verdicts[0].model};
    const auto file = folder.write("metrics.prom", metrics_text(input));
    const auto said = folder.path() / "said";
    const std::string command =
        fmt::format("promtool check metrics < {} > {} 2>&1", file.string(), said.string());
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(*read_file(said, mebibytes(1)), "");
  }
}

TEST(MetricsText, NamesNoSoftwareDeviceAsGpu) {
  MetricInput input = sample_input();
  GpuProfile software;
  software.software = true;
  software.name = Fact<std::string>::known("llvmpipe", "Vulkan");
  input.assessment->machine->gpus = {software};
  EXPECT_THAT(metrics_text(input), Not(HasSubstr("llvmpipe")));
}

TEST(MetricsText, KeepsAHostileNameInOneLabel) {
  MetricInput input = sample_input();
  input.assessment->verdicts[0].model = "evil\"} 1\nassay_fake 1";
  input.models = {input.assessment->verdicts[0].model};
  EXPECT_THAT(metrics_text(input), Not(HasSubstr("\nassay_fake")));
}

TEST(MetricsText, IsBounded) {
  MetricInput input = sample_input();
  input.models.clear();
  for (int i = 0; i < 500; ++i) {
    input.models.push_back(fmt::format("model-{}", i));
    input.assessment->verdicts.push_back(input.assessment->verdicts[0]);
    input.assessment->verdicts.back().model = input.models.back();
    input.assessment->runs.push_back(input.assessment->runs[0]);
    input.assessment->runs.back().workload = fmt::format("w{}", i);
  }
  const auto count = series_count(metrics_text(input));
  EXPECT_EQ(count.at("assay_model_verdict"), 60);  // twelve models, five verdicts each
  EXPECT_EQ(count.at("assay_workload_valid"), 60);
  int all = 0;
  for (const auto& [name, series] : count) all += series;
  EXPECT_LT(all, 700);
}

TEST(MetricsText, HasOneVerdictThatHolds) {
  double sum = 0.0;
  for (const Metric& metric : metric_catalogue()) {
    if (metric.name != "assay_model_verdict") continue;
    for (const MetricSample& sample : metric.read(sample_input())) sum += sample.value;
  }
  EXPECT_EQ(sum, 5.0);  // five models of the sample are exported by default
}

TEST(MetricsText, LeavesOutWhatIsUnknown) {
  const std::string text = metrics_text(sample_input());
  EXPECT_THAT(text, Not(HasSubstr("assay_model_ready{model=\"mistral-small-24b-2501\"}")));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, HasSubstr("assay_model_ready{model=\"qwen3-14b\"} 0\n"));
}

TEST(MetricsText, TakesTheBestFormatOfAModel) {
  MetricInput input = sample_input();
  Verdict better = input.assessment->verdicts[3];  // qwen3-14b, no
  better.format = "Q3_K_M";
  better.verdict = VerdictKind::ok;
  input.assessment->verdicts.push_back(better);
  EXPECT_THAT(metrics_text(input), HasSubstr("assay_model_ready{model=\"qwen3-14b\"} 1\n"));
}

TEST(MetricsText, TellsAFailedRun) {
  MetricInput input = sample_input();
  EXPECT_THAT(metrics_text(input), HasSubstr("assay_run_success 1\n"));
  input.assessment->failed = true;
  EXPECT_THAT(metrics_text(input), HasSubstr("assay_run_success 0\n"));
  input.assessment->failed = false;
  input.assessment->runs[0].validity = Validity::invalid;
  EXPECT_THAT(metrics_text(input), HasSubstr("assay_run_success 0\n"));
}

TEST(MetricsJson, HoldsTheSameSamples) {
  const MetricInput input = sample_input();
  std::size_t samples = 0;
  for (const Json& metric : metrics_json(input)) samples += metric["samples"].size();
  std::size_t expected = 0;
  for (const auto& [name, series] : series_count(metrics_text(input))) {
    expected += static_cast<std::size_t>(series);
  }
  EXPECT_EQ(samples, expected);
}

TEST(MetricModels, AreInTheCatalogue) {
  const auto models = builtin_metric_models();
  ASSERT_TRUE(models) << models.error().text();
  const auto catalogue = builtin_catalogue();
  ASSERT_TRUE(catalogue) << catalogue.error().text();
  EXPECT_LE(models->size(), k_most_metric_models);
  for (const std::string& model : *models) EXPECT_NE(catalogue->find(model), nullptr) << model;
}

TEST(Timestamp, IsReadOrRefused) {
  EXPECT_EQ(seconds_since_epoch("1970-01-01T00:00:00Z"), 0.0);
  EXPECT_EQ(seconds_since_epoch("2026-02-03T04:05:06Z"), 1770091506.0);
  EXPECT_EQ(seconds_since_epoch("2000-02-29T12:00:00.25Z"), 951825600.25);
  for (const char* wrong :
       {"", "2026-02-03", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-03T04:05:06",
        "2026-02-03T24:00:00Z", "2026-02-03T04:05:06+01:00", "-026-02-03T04:05:06Z", "Z"}) {
    EXPECT_FALSE(seconds_since_epoch(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace assay
