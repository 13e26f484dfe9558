// `assay probe` as a user runs it: this machine, a recorded tree, a recorded processor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(ProbeCommand, RefusesATextThatIsNoCpuidRecording) {
  MachineTree tree;
  tree.file("/dump.txt", "not a recording\n");
  const ProgramRun run = run_assay({"probe", "--cpuid", tree.at("/dump.txt").string()}, {});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.standard_error, HasSubstr("dump.txt"));
}

}  // namespace
}  // namespace assay
