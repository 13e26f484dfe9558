#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/fleet.hpp"
#include "reports/fleet/csv.hpp"
#include "reports/timestamp.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr double k_memory_share = 0.95;

Verdict verdict_on(std::string model, VerdictKind kind, Limit limit = Limit::none,
                   std::string format = "Q4_K_M", std::uint64_t needed = 1'000'000'000) {
  Verdict verdict;
  verdict.model = std::move(model);
  verdict.format = std::move(format);
  verdict.verdict = kind;
  verdict.limit = limit;
  verdict.prediction.footprint.weights = Bytes(needed);
  verdict.prediction.available = Fact<Bytes>::known(Bytes(4'000'000'000), "test");
  verdict.why = "because";
  return verdict;
}

Assessment result_of(std::string run, std::string machine, std::string date,
                     std::vector<Verdict> verdicts) {
  Assessment result;
  result.run_id = std::move(run);
  result.command = "assess";
  result.started_at = std::move(date);
  result.machine.emplace();
  result.machine->id = std::move(machine);
  result.machine->cpu.brand = Fact<std::string>::known("Some CPU", "test");
  result.verdicts = std::move(verdicts);
  return result;
}

FleetStore new_store() {
  auto store = FleetStore::in_memory();
  EXPECT_TRUE(store) << store.error().text();
  return std::move(*store);
}

FleetModel model_of(const FleetStore& store, const std::string& name) {
  const auto report = fleet_report(store, k_memory_share, name);
  EXPECT_TRUE(report) << report.error().text();
  return report ? report->models.at(0) : FleetModel{};
}

TEST(FleetStore, SortsMachinesByWhatTheyAreReadyFor) {
  FleetStore store = new_store();
  const auto add = [&](const std::string& id, std::vector<Verdict> verdicts) {
    ASSERT_TRUE(store.add(result_of("run" + id, id, "2026-01-05T08:00:00Z", std::move(verdicts))));
  };
  add("a", {verdict_on("m", VerdictKind::comfortable)});
  add("b", {verdict_on("m", VerdictKind::ok)});
  add("c", {verdict_on("m", VerdictKind::tight, Limit::decode_speed)});
  add("d", {verdict_on("m", VerdictKind::no, Limit::memory, "Q4_K_M", 5'700'000'000)});
  add("e", {verdict_on("m", VerdictKind::no, Limit::memory, "Q4_K_M", 7'600'000'000)});
  add("f", {verdict_on("m", VerdictKind::unknown)});
  add("g", {verdict_on("other", VerdictKind::ok)});
  const FleetModel model = model_of(store, "m");
  EXPECT_EQ(model.comfortable, 1U);
  EXPECT_EQ(model.ok, 1U);
  EXPECT_EQ(model.tight, 1U);
  EXPECT_EQ(model.not_ready, 2U);
  EXPECT_EQ(model.unknown, 2U);  // the one that says so, and the one without a verdict
  ASSERT_THAT(model.obstacles, SizeIs(2));
  EXPECT_EQ(model.obstacles[0].limit, "memory");
  EXPECT_EQ(model.obstacles[0].not_ready, 2U);
  // 5.7 GB within 95 % asks for 6 GB, of which 4 are there; 7.6 GB for 8.
  EXPECT_NEAR(static_cast<double>(model.obstacles[0].least_short->value), 2e9, 1);
  EXPECT_NEAR(static_cast<double>(model.obstacles[0].most_short->value), 4e9, 1);
  EXPECT_EQ(model.obstacles[1].limit, "decode_speed");
  EXPECT_EQ(model.obstacles[1].tight, 1U);
}

TEST(FleetStore, CountsTheNewestResultOfAMachineWhateverTheOrder) {
  const Assessment older =
      result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on("m", VerdictKind::comfortable)});
  const Assessment newer = result_of("r2", "a", "2026-01-05T08:00:00.5Z",
                                     {verdict_on("m", VerdictKind::no, Limit::decode_speed)});
  for (const bool newer_first : {false, true}) {
    FleetStore store = new_store();
    const auto first = store.add(newer_first ? newer : older);
    const auto second = store.add(newer_first ? older : newer);
    EXPECT_EQ(first.value(), FleetStore::Added::counted);
    EXPECT_EQ(second.value(), newer_first ? FleetStore::Added::older : FleetStore::Added::counted);
    EXPECT_EQ(model_of(store, "m").not_ready, 1U);
    EXPECT_EQ(model_of(store, "m").ready(), 0U);
  }
}

TEST(FleetStore, KeepsVerdictsWhenANewerRunHasNone) {
  FleetStore store = new_store();
  ASSERT_TRUE(
      store.add(result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on("m", VerdictKind::ok)})));
  EXPECT_EQ(store.add(result_of("r2", "a", "2026-02-05T08:00:00Z", {})).value(),
            FleetStore::Added::older);
  EXPECT_EQ(model_of(store, "m").ready(), 1U);
}

TEST(FleetStore, TakesNoSingleAnswerAndNoInterruptedAssessmentForTheMachine) {
  FleetStore store = new_store();
  ASSERT_TRUE(
      store.add(result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on("m", VerdictKind::ok)})));
  Assessment answer =
      result_of("r2", "a", "2026-02-05T08:00:00Z", {verdict_on("large", VerdictKind::comfortable)});
  answer.command = "can-run";
  EXPECT_EQ(store.add(answer).value(), FleetStore::Added::older);
  answer.run_id = "r3";
  answer.command = "assess";
  answer.partial = true;
  EXPECT_EQ(store.add(answer).value(), FleetStore::Added::older);
  EXPECT_EQ(model_of(store, "m").ready(), 1U);
}

TEST(FleetStore, CountsARunOnce) {
  FleetStore store = new_store();
  const Assessment result =
      result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on("m", VerdictKind::ok)});
  ASSERT_TRUE(store.add(result));
  EXPECT_EQ(store.add(result).value(), FleetStore::Added::duplicate);
  EXPECT_EQ(fleet_report(store, k_memory_share)->results, 1U);
}

TEST(FleetStore, TakesTheBestFormatOfAModel) {
  FleetStore store = new_store();
  ASSERT_TRUE(store.add(
      result_of("r1", "a", "2026-01-05T08:00:00Z",
                {verdict_on("m", VerdictKind::no, Limit::memory, "F16", 9'000'000'000),
                 verdict_on("m", VerdictKind::ok, Limit::none, "Q4_K_M"),
                 verdict_on("n", VerdictKind::no, Limit::memory, "F16", 9'000'000'000),
                 verdict_on("n", VerdictKind::no, Limit::memory, "Q4_K_M", 4'750'000'000)})));
  EXPECT_EQ(model_of(store, "m").ready(), 1U);
  // Of two refusals the smaller: 4.75 GB within 95 % asks for 5 GB, one more than there is.
  EXPECT_NEAR(static_cast<double>(model_of(store, "n").obstacles.at(0).most_short->value), 1e9, 1);
}

TEST(FleetStore, RefusesResultsItCannotPlace) {
  FleetStore store = new_store();
  const std::string date = "2026-01-05T08:00:00Z";
  EXPECT_THAT(store.add(result_of("", "a", date, {})).error().message, HasSubstr("/run_id"));
  EXPECT_THAT(store.add(result_of("r", "", date, {})).error().message, HasSubstr("/machine/id"));
  EXPECT_THAT(store.add(result_of("r", "a", "soon\x1b", {})).error().message,
              HasSubstr("/started_at: \"soon\\x1B\""));
  Assessment without_machine = result_of("r", "a", date, {});
  without_machine.machine.reset();
  EXPECT_FALSE(store.add(without_machine));
  EXPECT_EQ(fleet_report(store, k_memory_share)->machines, 0U);
}

TEST(FleetStore, KeepsItsContent) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "new folder" / "fleet.sqlite";
  {
    auto store = FleetStore::open_or_create(path);
    ASSERT_TRUE(store) << store.error().text();
    ASSERT_TRUE(store->add(
        result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on("m", VerdictKind::ok)})));
  }
  const auto store = FleetStore::open_existing(path);
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_EQ(model_of(*store, "m").ready(), 1U);
}

TEST(FleetStore, RefusesOtherFiles) {
  const TemporaryDirectory directory;
  const auto refused = [](const Result<FleetStore>& store) {
    return !store && store.error().code == ErrorCode::refused_input;
  };
  EXPECT_TRUE(refused(FleetStore::open_existing(directory.path() / "absent.sqlite")));
  EXPECT_TRUE(refused(FleetStore::open_or_create(directory.path())));
  const auto text = directory.write("text.sqlite", std::string(4096, 'x'));
  EXPECT_TRUE(refused(FleetStore::open_or_create(text)));
}

TEST(FleetReport, SuggestsModelNames) {
  FleetStore store = new_store();
  ASSERT_TRUE(store.add(
      result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on("qwen3-4b", VerdictKind::ok)})));
  const auto report = fleet_report(store, k_memory_share, "qwen3-4");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::usage);
  EXPECT_THAT(report.error().remedy, HasSubstr("qwen3-4b"));
}

TEST(FleetReport, ShowsHostileNamesHarmlessly) {
  FleetStore store = new_store();
  const std::string name = "=cmd|' /C calc'!A0,\"\x1b[2J\xff";
  ASSERT_TRUE(
      store.add(result_of("r1", "a", "2026-01-05T08:00:00Z", {verdict_on(name, VerdictKind::ok)})));
  const auto report = fleet_report(store, k_memory_share);
  ASSERT_TRUE(report);
  const std::string text = fleet_report_text(*report);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(fleet_report_csv(*report),
              HasSubstr("\r\n\"'=cmd|' /C calc'!A0,\"\"\\x1B[2J\\xFF\",1,1,"));
}

TEST(FleetReport, IsEmptyWithoutResults) {
  const FleetStore store = new_store();
  const auto report = fleet_report(store, k_memory_share);
  ASSERT_TRUE(report);
  EXPECT_THAT(fleet_report_text(*report), HasSubstr("no verdicts yet"));
  EXPECT_EQ(fleet_report_json(*report)["machines"], 0);
}

TEST(FleetReport, ListsMachines) {
  FleetStore store = new_store();
  ASSERT_TRUE(store.add(
      result_of("r1", "b", "2026-01-05T07:00:00Z",
                {verdict_on("m", VerdictKind::ok),
                 verdict_on("big", VerdictKind::ok, Limit::none, "Q8_0", 2'000'000'000)})));
  ASSERT_TRUE(store.add(result_of("r2", "a", "2026-01-05T08:00:00Z",
                                  {verdict_on("m", VerdictKind::no, Limit::unsupported)})));
  std::vector<FleetMachine> machines;
  ASSERT_TRUE(for_each_machine(store, "m",
                               [&](const FleetMachine& machine) { machines.push_back(machine); }));
  ASSERT_THAT(machines, SizeIs(2));
  EXPECT_EQ(machines[0].id, "a");
  EXPECT_EQ(machines[0].readiness, "not ready");
  EXPECT_EQ(machines[0].limit, "unsupported");
  EXPECT_FALSE(machines[0].best_model);
  EXPECT_EQ(machines[1].readiness, "ready");
  EXPECT_EQ(machines[1].limit, "");
  EXPECT_EQ(machines[1].best_model, "big");
  EXPECT_EQ(machines[1].started_at, "2026-01-05T07:00:00Z");
}

TEST(Csv, QuotesAndDisarms) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"x\""), "\"say \"\"x\"\"\"");
  for (const std::string start : {"=", "+", "-", "@"}) {
    EXPECT_EQ(csv_cell(start + "1"), "'" + start + "1");
  }
  EXPECT_EQ(csv_cell("\t=1"), "'\\x09=1");
  EXPECT_EQ(csv_row(std::vector<std::string>{"", "b"}), ",b\r\n");
}

TEST(Timestamp, ComesBackAsText) {
  for (const std::string_view text : {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z"}) {
    EXPECT_EQ(utc_text(*seconds_since_epoch(text)), text);
  }
  EXPECT_EQ(utc_text(*seconds_since_epoch("2026-01-05T08:09:10.9Z")), "2026-01-05T08:09:10Z");
}

}  // namespace
}  // namespace assay
