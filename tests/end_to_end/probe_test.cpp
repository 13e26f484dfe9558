// `assay probe` as a user runs it: this machine, a recorded tree, a recorded processor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string k_dump =
    ASSAY_TEST_ROOT "/fixtures/cpuid/intel__x86-64__redwood-cove__intel-core-ultra-7-155h.test";

TEST(ProbeCommand, DescribesThisMachineOnOneScreen) {
  const ProgramRun run = run_assay({"probe"}, {});
  EXPECT_EQ(run.exit_code, 0) << run.standard_error;
  for (const char* part : {"Processor", "Memory", "Accelerators", "Storage and power", "System"}) {
    EXPECT_THAT(run.standard_output, HasSubstr(part));
  }
  EXPECT_LE(std::count(run.standard_output.begin(), run.standard_output.end(), '\n'), 45);
}

TEST(ProbeCommand, JsonIsTheResultDocumentAndNothingElse) {
  const ProgramRun run = run_assay({"probe", "--json"}, {});
  EXPECT_EQ(run.exit_code, 0);
  const auto document = parse_json(run.standard_output, "stdout");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ((*document)["schema"], "assay.result/1");
  EXPECT_TRUE((*document)["machine"]["cpu"].is_object());
}

TEST(ProbeCommand, ReplaysARecordedTree) {
  MachineTree tree;
  tree.file("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\n");
  const ProgramRun run = run_assay({"probe", "--root", tree.root().string()}, {});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_output, HasSubstr("recorded"));
  EXPECT_THAT(run.standard_output, HasSubstr("8.2 GB"));
}

TEST(ProbeCommand, ARecordedProcessorIsAllThatIsKnown) {
  const ProgramRun run = run_assay({"probe", "--cpuid", k_dump}, {});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_output, HasSubstr("6 performance + 8 efficiency + 2 low-power"));
  EXPECT_THAT(run.standard_output, HasSubstr("installed, available: /proc/meminfo: no such file"));
}

TEST(ProbeCommand, ExplainsOneFact) {
  const ProgramRun run = run_assay({"probe", "--cpuid", k_dump, "--why", "cpu.core_types"}, {});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_output, HasSubstr("CPUID leaf 0x1A"));
}

TEST(ProbeCommand, SuggestsTheNearestFact) {
  const ProgramRun run = run_assay({"probe", "--why", "cpu.brnd"}, {});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.standard_error, HasSubstr("cpu.brand"));
  EXPECT_THAT(run.standard_output, IsEmpty());
}

TEST(ProbeCommand, RefusesARootThatIsNone) {
  const ProgramRun run = run_assay({"probe", "--root", "/nowhere"}, {});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.standard_error, HasSubstr("/nowhere"));
}

/// A kept document with limits, of the machine that has this id.
std::string kept_limits(const std::string& machine_id) {
  const auto document = read_json_file(ASSAY_TEST_ROOT "/fixtures/results/result-1-assess.json");
  if (!document) return {};
  Json limits = *document;
  limits["machine"]["id"] = machine_id;
  limits["started_at"] = "2026-03-04T05:06:07Z";
  return limits.dump();
}

TEST(ProbeCommand, ShowsTheLastMeasurementOfThisMachineWithItsDate) {
  const TemporaryDirectory state;
  const ProgramRun first = run_assay({"probe", "--json"}, {.state = state.path()});
  const auto document = parse_json(first.standard_output, "stdout");
  ASSERT_TRUE(document) << document.error().text();
  state.write("limits.json", kept_limits((*document)["machine"]["id"].get<std::string>()));
  const ProgramRun run = run_assay({"probe"}, {.state = state.path()});
  EXPECT_EQ(run.exit_code, 0) << run.standard_error;
  EXPECT_THAT(run.standard_output, HasSubstr("2026-03-04T05:06:07Z"));
}

TEST(CanRunCommand, SaysHowLongLoadingTakesWhereStorageWasMeasured) {
  const TemporaryDirectory state;
  const ProgramRun first = run_assay({"probe", "--json"}, {.state = state.path()});
  const auto document = parse_json(first.standard_output, "stdout");
  ASSERT_TRUE(document) << document.error().text();
  const std::vector<std::string> asked{"can-run", "qwen3-0.6b"};
  EXPECT_THAT(run_assay(asked, {.state = state.path()}).standard_output,
              Not(HasSubstr("cold load")));
  auto limits = parse_json(kept_limits((*document)["machine"]["id"].get<std::string>()), "kept");
  ASSERT_TRUE(limits) << limits.error().text();
  (*limits)["micro"]["storage"] = {
      {"file_bytes", 2'000'000'000},
      {"mapped_cold_bytes_per_second", {{"median", 1e6}, {"samples", {1e6}}}}};
  state.write("limits.json", limits->dump());
  const ProgramRun run = run_assay(asked, {.state = state.path()});
  EXPECT_THAT(run.standard_output, HasSubstr("measured rate of cold reads")) << run.standard_error;
  EXPECT_THAT(run_assay({"can-run", "qwen3-0.6b", "--memory", "8G"}, {.state = state.path()})
                  .standard_output,
              Not(HasSubstr("cold load")));
}

TEST(ProbeCommand, PassesAMeasurementOfAnotherMachineOver) {
  const TemporaryDirectory state;
  state.write("limits.json", kept_limits("another machine"));
  const ProgramRun run = run_assay({"probe"}, {.state = state.path()});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_output, Not(HasSubstr("2026-03-04")));
}

TEST(ProbeCommand, ABrokenMeasurementIsARemark) {
  const TemporaryDirectory state;
  state.write("limits.json", "{");
  const ProgramRun run = run_assay({"probe"}, {.state = state.path()});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_error, HasSubstr("limits.json"));
}

TEST(ProbeCommand, MeasuresNothingUnasked) {
  const TemporaryDirectory state;
  EXPECT_EQ(run_assay({"probe"}, {.state = state.path()}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(state.path()));
}

TEST(ProbeCommand, ARecordingCannotBeMeasured) {
  MachineTree tree;
  tree.file("/proc/meminfo", "MemTotal: 8000000 kB\n");
  const ProgramRun run = run_assay({"probe", "--measure", "--root", tree.root().string()}, {});
  EXPECT_EQ(run.exit_code, 2);
}

TEST(ProbeCommand, AnInterruptedMeasurementKeepsNothing) {
  const TemporaryDirectory state;
  const ProgramRun run =
      run_assay({"probe", "--measure"},
                {.state = state.path(), .interrupt_after_ms = 700, .interrupt = SIGINT});
  EXPECT_EQ(run.exit_code, 130) << run.standard_error;
  EXPECT_FALSE(std::filesystem::exists(state.path() / "limits.json"));
}

TEST(ProbeCommand, RefusesATextThatIsNoCpuidRecording) {
  MachineTree tree;
  tree.file("/dump.txt", "not a recording\n");
  const ProgramRun run = run_assay({"probe", "--cpuid", tree.at("/dump.txt").string()}, {});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.standard_error, HasSubstr("dump.txt"));
}

}  // namespace
}  // namespace assay
