#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "reports/document.hpp"
#include "reports/fleet.hpp"
#include "reports/fleet/breakage.hpp"
#include "tests/reports/sample_assessment.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr double k_memory_share = 0.95;

FleetStore new_store() {
  auto store = FleetStore::in_memory();
  EXPECT_TRUE(store) << store.error().text();
  return std::move(*store);
}

ImportSummary import(FleetStore& store, const fs::path& path, const ImportOptions& options = {}) {
  const auto summary = import_results(store, std::vector<fs::path>{path}, options);
  EXPECT_TRUE(summary) << summary.error().text();
  return summary.value_or(ImportSummary{});
}

Assessment numbered(int number) {
  Assessment result = sample_assessment();
  result.run_id = "run-" + std::to_string(number);
  result.machine->id = "machine-" + std::to_string(number);
  return result;
}

std::string text_of(const Assessment& result) { return document_from(result).dump(); }

TEST(FleetImport, RefusesEveryBrokenDocumentOnce) {
  ASSERT_GE(breakages().size(), 20U);
  const Json document = document_from(sample_assessment());
  std::set<std::string> texts;
  for (const Breakage& way : breakages()) {
    const TemporaryDirectory directory;
    const std::string text = way.apply(document);
    EXPECT_TRUE(texts.insert(text).second) << way.name << " is another one's text";
    directory.write("x.json", text);
    FleetStore store = new_store();
    const ImportSummary summary = import(store, directory.path());
    EXPECT_EQ(summary.skipped, 1U) << way.name;
    EXPECT_EQ(summary.imported, 0U) << way.name;
    ASSERT_EQ(summary.first_skipped.size(), 1U) << way.name;
    EXPECT_FALSE(summary.first_skipped[0].reason.empty()) << way.name;
  }
}

TEST(FleetImport, CountsAThousandResultsWithTwentyBrokenOnes) {
  const TemporaryDirectory directory;
  const auto fleet = simulate_fleet({.machines = 1000, .broken = 20, .seed = 7}, directory.path());
  ASSERT_TRUE(fleet) << fleet.error().text();
  ASSERT_EQ(fleet->machines, 980U);
  ASSERT_EQ(fleet->broken.size(), 20U);
  FleetStore store = new_store();
  const ImportSummary summary = import(store, directory.path());
  EXPECT_EQ(summary.documents, 1000U);
  EXPECT_EQ(summary.imported, 980U);
  EXPECT_EQ(summary.skipped, 20U);
  const auto report = fleet_report(store, k_memory_share);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->machines, 980U);
  EXPECT_EQ(report->skipped, 20U);
  ASSERT_EQ(report->models.size(), fleet->models.size());
  std::uint64_t ready = 0, not_ready = 0;
  for (const FleetModel& model : report->models) {
    const FleetModel& truth = fleet->models.at(model.model);
    EXPECT_EQ(model.comfortable, truth.comfortable) << model.model;
    EXPECT_EQ(model.ok, truth.ok) << model.model;
    EXPECT_EQ(model.tight, truth.tight) << model.model;
    EXPECT_EQ(model.not_ready, truth.not_ready) << model.model;
    EXPECT_EQ(model.unknown, truth.unknown) << model.model;
    std::uint64_t named = 0;
    for (const FleetObstacle& obstacle : model.obstacles) {
      EXPECT_NE(obstacle.limit, "none") << model.model;
      named += obstacle.tight + obstacle.not_ready;
    }
    EXPECT_EQ(named, model.tight + model.not_ready) << model.model;
    ready += model.ready();
    not_ready += model.not_ready;
  }
  EXPECT_GT(ready, 0U);  // a fleet with both kinds, or the counts say little
  EXPECT_GT(not_ready, 0U);
}

TEST(FleetImport, SimulatesTheSameFleetFromTheSameSeed) {
  const TemporaryDirectory first, second, other;
  ASSERT_TRUE(simulate_fleet({.machines = 3, .broken = 1, .seed = 5}, first.path()));
  ASSERT_TRUE(simulate_fleet({.machines = 3, .broken = 1, .seed = 5}, second.path()));
  ASSERT_TRUE(simulate_fleet({.machines = 3, .broken = 1, .seed = 6}, other.path()));
  bool differs = false;
  for (const auto& entry : fs::directory_iterator(first.path())) {
    const auto name = entry.path().filename();
    const auto content = [&](const TemporaryDirectory& directory) {
      return read_file(directory.path() / name, mebibytes(1)).value();
    };
    EXPECT_EQ(content(first), content(second)) << name;
    differs = differs || content(first) != content(other);
  }
  EXPECT_TRUE(differs);
}

TEST(FleetImport, SimulatesSoundDocuments) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(simulate_fleet({.machines = 5, .broken = 0, .seed = 1}, directory.path()));
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    const auto document = read_json_file(entry.path());
    ASSERT_TRUE(document);
    for (const DocumentProblem& problem : check_document(*document, "simulated")) {
      ADD_FAILURE() << problem.pointer << ": " << problem.message;
    }
  }
}

TEST(FleetImport, GivesTheSameWithAndWithoutBadCompany) {
  const TemporaryDirectory good, mixed;
  const Json document = document_from(sample_assessment());
  for (int i = 0; i < 10; ++i) {
    good.write("good" + std::to_string(i) + ".json", text_of(numbered(i)));
    mixed.write("a/b/good" + std::to_string(i) + ".json", text_of(numbered(i)));
  }
  std::size_t bad = 0;
  for (const Breakage& way : breakages()) {
    mixed.write("bad" + std::to_string(bad++) + ".json", way.apply(document));
  }
  fs::create_directory(mixed.path() / "folder.json");           // a folder, not a document
  fs::create_symlink("loop.json", mixed.path() / "loop.json");  // points to itself
  fs::create_directory_symlink(mixed.path(), mixed.path() / "a/circle");  // leads back up
  fs::create_symlink("nowhere.json", mixed.path() / "dangling.json");
  ASSERT_EQ(::mkfifo((mixed.path() / "pipe.json").c_str(), 0600), 0);
  mixed.write("notes.txt", "not a document");
  mixed.write(".hidden.json", "{");
  mixed.write("half.json.tmp", "{");
  bad += 3;  // the loop, the dangling link and the pipe
  FleetStore good_store = new_store(), mixed_store = new_store();
  import(good_store, good.path());
  const ImportSummary summary = import(mixed_store, mixed.path());
  EXPECT_EQ(summary.imported, 10U);
  EXPECT_EQ(summary.skipped, bad);
  const auto without_notes = [](const FleetStore& store) {
    auto report = fleet_report(store, k_memory_share);
    EXPECT_EQ(report->results, 10U);
    report->skipped = 0;
    return fleet_report_json(*report).dump();
  };
  EXPECT_EQ(without_notes(good_store), without_notes(mixed_store));
}

TEST(FleetImport, ReadsJsonLines) {
  const TemporaryDirectory directory;
  const std::string text = "\xEF\xBB\xBF" + text_of(numbered(1)) + "\r\n\n{broken\n" +
                           text_of(numbered(2)) + "\n" + text_of(numbered(1)) + "\n" +
                           std::string(200'000, 'x') + "\n" + text_of(numbered(3));
  directory.write("all.jsonl", text);
  FleetStore store = new_store();
  const Bytes limit(100'000);
  ASSERT_LT(text_of(numbered(1)).size(), limit.value);
  const ImportSummary summary =
      import(store, directory.path(), {.most_document_bytes = limit, .stop = {}});
  EXPECT_EQ(summary.imported, 3U);
  EXPECT_EQ(summary.duplicates, 1U);
  EXPECT_EQ(summary.skipped, 2U);
  EXPECT_THAT(summary.first_skipped.at(0).source, HasSubstr("all.jsonl:3"));
  EXPECT_THAT(summary.first_skipped.at(1).source, HasSubstr("all.jsonl:6"));
  EXPECT_THAT(summary.first_skipped.at(1).reason, HasSubstr("more than 100000 bytes"));
}

TEST(FleetImport, RefusesHugeFilesUnread) {
  const TemporaryDirectory directory;
  const auto path = directory.write("huge.json", "{");
  fs::resize_file(path, std::uintmax_t{1} << 40);  // sparse
  FleetStore store = new_store();
  EXPECT_EQ(import(store, directory.path()).skipped, 1U);
}

TEST(FleetImport, CountsFilesThatWereMendedAnew) {
  const TemporaryDirectory directory;
  const fs::path database = directory.path() / "fleet.sqlite";
  auto store = FleetStore::open_or_create(database);
  ASSERT_TRUE(store);
  directory.write("in/x.json", "{");
  directory.write("in/y.jsonl", "{\n{\n");
  EXPECT_EQ(import(*store, directory.path() / "in").skipped, 3U);
  EXPECT_EQ(import(*store, directory.path() / "in/").skipped, 3U);
  EXPECT_EQ(fleet_report(*store, k_memory_share)->skipped, 3U);  // not six
  directory.write("in/x.json", text_of(numbered(1)));
  EXPECT_EQ(import(*store, directory.path() / "in/x.json").imported, 1U);
  EXPECT_EQ(fleet_report(*store, k_memory_share)->skipped, 2U);
}

TEST(FleetImport, RefusesAPathThatDoesNotExist) {
  FleetStore store = new_store();
  const auto summary = import_results(store, std::vector<fs::path>{"/nonexistent/x"}, {});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::refused_input);
  EXPECT_TRUE(store.begin());  // nothing is left open
}

TEST(FleetImport, KeepsWhatWasReadBeforeAnInterruption) {
  const TemporaryDirectory directory;
  directory.write("x.json", text_of(numbered(1)));
  FleetStore store = new_store();
  std::stop_source stop;
  stop.request_stop();
  const auto summary =
      import_results(store, std::vector<fs::path>{directory.path()},
                     {.most_document_bytes = mebibytes(1), .stop = stop.get_token()});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::interrupted);
  EXPECT_TRUE(store.begin());
}

}  // namespace
}  // namespace assay
