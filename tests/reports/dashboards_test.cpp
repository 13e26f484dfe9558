#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "reports/metrics.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const fs::path k_folder = fs::path(ASSAY_TEST_ROOT).parent_path() / "dashboards";

std::string content_of(const fs::path& path) {
  const auto text = read_file(path, mebibytes(4));
  EXPECT_TRUE(text) << text.error().text();
  return text.value_or("");
}

std::vector<fs::path> files_of(std::string_view extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(k_folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  EXPECT_THAT(files, Not(IsEmpty()));
  return files;
}

/// Every name that begins with assay_, in expressions and in text.
std::set<std::string> metric_names(const std::string& text) {
  static const std::regex k_name("\\bassay_[a-z0-9_]+");
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), k_name), end; at != end; ++at) {
    names.insert(at->str());
  }
  return names;
}

std::vector<Json> panels_of(const Json& dashboard) {
  std::vector<Json> panels;
  for (const Json& panel : dashboard["panels"]) {
    if (panel["type"] != "row") panels.push_back(panel);
  }
  return panels;
}

TEST(Dashboards, NameOnlyMetricsOfTheCatalogue) {
  std::set<std::string> known;
  for (const Metric& metric : metric_catalogue()) known.emplace(metric.name);
  for (const std::string_view extension : {".json", ".yml"}) {
    for (const fs::path& file : files_of(extension)) {
      const std::set<std::string> named = metric_names(content_of(file));
      EXPECT_THAT(named, Not(IsEmpty())) << file;
      for (const std::string& name : named)
        EXPECT_TRUE(known.contains(name)) << file << ": " << name;
    }
  }
}

TEST(Dashboards, ShowEveryMetricOfTheCatalogue) {
  std::string all;
  for (const fs::path& file : files_of(".json")) all += content_of(file);
  const std::set<std::string> shown = metric_names(all);
  for (const Metric& metric : metric_catalogue()) {
    EXPECT_TRUE(shown.contains(std::string(metric.name))) << metric.name;
  }
}

// The rules of Grafana's dashboard-linter that make sense for gauges.
TEST(Dashboards, ArePortable) {
  for (const fs::path& file : files_of(".json")) {
    const Json dashboard = read_json_file(file).value();
    EXPECT_EQ(dashboard["editable"], false) << file;
    EXPECT_GE(dashboard["schemaVersion"].get<int>(), 39) << file;
    std::set<std::string> variables;
    for (const Json& variable : dashboard["templating"]["list"]) {
      variables.insert(variable["name"]);
      EXPECT_FALSE(variable["label"].get<std::string>().empty());
      if (variable["name"] == "datasource") {
        EXPECT_EQ(variable["type"], "datasource");
        EXPECT_EQ(variable["query"], "prometheus");
        continue;
      }
      EXPECT_EQ(variable["refresh"], 2) << variable["name"];  // when the time range changes
      EXPECT_EQ(variable["datasource"]["uid"], "${datasource}") << variable["name"];
    }
    for (const char* needed : {"datasource", "job", "instance"}) {
      EXPECT_TRUE(variables.contains(needed)) << needed;
    }
  }
}

TEST(Dashboards, HavePanelsThatExplainThemselves) {
  for (const fs::path& file : files_of(".json")) {
    std::set<int> ids;
    for (const Json& panel : panels_of(read_json_file(file).value())) {
      const std::string title = panel["title"];
      EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second) << title;
      EXPECT_FALSE(title.empty());
      EXPECT_GT(panel["description"].get<std::string>().size(), 20U) << title;
      EXPECT_EQ(panel["datasource"]["uid"], "${datasource}") << title;
      EXPECT_THAT(panel["fieldConfig"]["defaults"]["unit"].get<std::string>(),
                  AnyOf("s", "bytes", "Bps", "percentunit", "short"))
          << title;
      EXPECT_FALSE(panel["targets"].empty()) << title;
      for (const Json& target : panel["targets"]) {
        EXPECT_EQ(target["datasource"]["uid"], "${datasource}") << title;
        EXPECT_THAT(target["expr"].get<std::string>(), HasSubstr("job=~\"$job\"")) << title;
        EXPECT_THAT(target["expr"].get<std::string>(), HasSubstr("instance=~\"$instance\""))
            << title;
      }
    }
  }
}

TEST(Dashboards, GiveMetricsTheUnitOfTheirNames) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_units{
      {{"_bytes_per_second", "Bps"},
       {"_bytes", "bytes"},
       {"_seconds", "s"},
       {"_ratio", "percentunit"}}};
  for (const fs::path& file : files_of(".json")) {
    for (const Json& panel : panels_of(read_json_file(file).value())) {
      const std::string expression = panel["targets"][0]["expr"];
      if (!expression.starts_with("assay_")) continue;
      const std::string metric = *metric_names(expression).begin();
      for (const auto& [suffix, unit] : k_units) {
        if (!metric.ends_with(suffix)) continue;
        EXPECT_EQ(panel["fieldConfig"]["defaults"]["unit"].get<std::string>(), unit) << metric;
        break;
      }
    }
  }
}

TEST(Dashboards, LayPanelsOutWithoutOverlap) {
  for (const fs::path& file : files_of(".json")) {
    std::set<std::pair<int, int>> taken;
    const Json dashboard = read_json_file(file).value();
    for (const Json& panel : dashboard["panels"]) {
      const Json& place = panel["gridPos"];
      for (int x = place["x"]; x < place["x"].get<int>() + place["w"].get<int>(); ++x) {
        EXPECT_LT(x, 24) << panel["title"];
        for (int y = place["y"]; y < place["y"].get<int>() + place["h"].get<int>(); ++y) {
          EXPECT_TRUE(taken.emplace(x, y).second) << panel["title"];
        }
      }
    }
  }
}

}  // namespace
}  // namespace assay
