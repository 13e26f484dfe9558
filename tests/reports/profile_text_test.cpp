#include "reports/profile_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

MachineProfile laptop() {
  MachineProfile machine;
  machine.id = "0123";
  machine.root = "/";
  machine.cpu.brand = Fact<std::string>::known("Example 155H", "CPUID");
  machine.cpu.physical_cores = Fact<std::uint32_t>::known(14, "hwloc");
  machine.cpu.logical_cores = Fact<std::uint32_t>::known(20, "hwloc");
  machine.cpu.core_types = Fact<std::vector<CoreType>>::known(
      {{"performance", 6, 12}, {"efficiency", 8, 8}}, "CPUID leaf 0x1A");
  machine.memory.total = Fact<Bytes>::known(gibibytes(16), "/proc/meminfo");
  machine.memory.available = Fact<Bytes>::known(gibibytes(12), "/proc/meminfo");
  machine.memory.limit = Fact<Bytes>::absent("no limit");
  machine.memory.limit_headroom = Fact<Bytes>::absent("no limit");
  machine.memory.theoretical_bandwidth_bytes_per_second =
      Fact<double>::unknown("the memory modules' speed needs root");
  NpuProfile npu;
  npu.name = "Intel NPU (Meteor Lake)";
  npu.driver = Fact<std::string>::absent("no driver is bound to it");
  npu.tops_low = Fact<double>::known(11, "published");
  npu.tops_high = Fact<double>::known(11.5, "published");
  machine.npus.push_back(npu);
  machine.npu_count = Fact<std::uint32_t>::known(1, "/sys/bus/pci/devices");
  machine.gpu_count = Fact<std::uint32_t>::known(0, "/sys/bus/pci/devices");
  return machine;
}

TEST(ProfileText, NamesCoresByKind) {
  EXPECT_THAT(render_profile(laptop(), false, {}),
              HasSubstr("14 cores, 20 threads (6 performance + 8 efficiency)"));
}

TEST(ProfileText, UnknownsHaveTheirReasonAndRemedy) {
  EXPECT_THAT(
      render_profile(laptop(), false, {}),
      HasSubstr("Unknown       bandwidth: the memory modules' speed needs root: sudo assay probe"));
}

TEST(ProfileText, FactsThatAreUnknownForOneReasonShareARow) {
  MachineProfile machine = laptop();
  machine.cpu.max_frequency_hertz = Fact<double>::unknown("no frequency control");
  machine.cpu.governor = Fact<std::string>::unknown("no frequency control");
  EXPECT_THAT(render_profile(machine, false, {}),
              HasSubstr("clock, governor: no frequency control\n"));
}

TEST(ProfileText, WhatNobodyMissesHasNoRow) {
  MachineProfile machine = laptop();
  machine.power.platform_profile = Fact<std::string>::absent("the firmware offers none");
  machine.os.container = Fact<std::string>::absent("no mark of one");
  machine.os.hypervisor = Fact<std::string>::absent("bit is clear");
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, Not(HasSubstr("Profile")));
  EXPECT_THAT(text, Not(HasSubstr("ontainer")));
  EXPECT_THAT(text, HasSubstr("Runs on       bare metal\n"));
}

TEST(ProfileText, ALimitIsShownWithWhatItLeavesForAModel) {
  MachineProfile machine = laptop();
  EXPECT_THAT(render_profile(machine, false, {}), Not(HasSubstr("For a model")));
  machine.memory.limit = Fact<Bytes>::known(gibibytes(4), "/sys/fs/cgroup/box/memory.max");
  machine.memory.limit_headroom = Fact<Bytes>::known(gibibytes(3), "less what is in use");
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, HasSubstr("4.3 GB, 3.2 GB of it left (/sys/fs/cgroup/box/memory.max)"));
  EXPECT_THAT(text, HasSubstr("For a model   3.2 GB\n"));
}

TEST(ProfileText, UsableThreadsHaveARowOnlyWhenTheyAreFewer) {
  MachineProfile machine = laptop();
  machine.cpu.usable_cpus = Fact<std::uint32_t>::known(20, "affinity mask");
  EXPECT_THAT(render_profile(machine, false, {}), Not(HasSubstr("Usable now")));
  machine.cpu.usable_cpus = Fact<std::uint32_t>::known(1, "affinity mask");
  EXPECT_THAT(render_profile(machine, false, {}),
              HasSubstr("Usable now    1 thread: affinity mask\n"));
}

TEST(ProfileText, LinesStayWithinANarrowTerminal) {
  const std::string text = render_profile(laptop(), false, {.width = 60});
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(end - start, 60U) << text.substr(start, end - start);
    start = end + 1;
  }
}

TEST(ProfileText, AnNpuWithoutDriverIsNotUsable) {
  EXPECT_THAT(render_profile(laptop(), false, {}),
              HasSubstr("Intel NPU (Meteor Lake), 11.0 to 11.5 TOPS published, no driver"));
}

TEST(ProfileText, FitsOnOneScreen) {
  const std::string text = render_profile(laptop(), false, {});
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40);
}

TEST(ProfileText, SaysThatAMachineWasRecorded) {
  MachineProfile machine = laptop();
  machine.root = "/recordings/one";
  EXPECT_THAT(render_profile(machine, false, {}),
              testing::StartsWith("A recorded machine: /recordings/one\n"));
}

TEST(ProfileText, VerboseNamesSources) {
  EXPECT_THAT(render_profile(laptop(), false, {}), Not(HasSubstr("CPUID leaf 0x1A")));
  EXPECT_THAT(render_profile(laptop(), true, {}), HasSubstr("CPUID leaf 0x1A"));
}

TEST(ProfileText, ControlBytesOfTheMachineDoNotReachTheTerminal) {
  MachineProfile machine = laptop();
  machine.cpu.brand = Fact<std::string>::known("evil\x1b[2J", "CPUID");
  EXPECT_THAT(render_profile(machine, true, {}), Not(HasSubstr("\x1b")));
}

TEST(ExplainFact, FindsAFactByTheEndOfItsName) {
  const auto text = explain_fact(laptop(), "total_bytes", {});
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_THAT(*text, HasSubstr("memory.total_bytes"));
  EXPECT_THAT(*text, HasSubstr("/proc/meminfo"));
}

TEST(ExplainFact, SaysWhyAFactIsUnknown) {
  const auto text = explain_fact(laptop(), "memory.theoretical_bandwidth_bytes_per_second", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("needs root"));
  EXPECT_THAT(*text, HasSubstr("sudo assay probe"));
}

TEST(ExplainFact, ShowsUnitsForPeopleBesideTheExactValue) {
  const auto text = explain_fact(laptop(), "memory.total_bytes", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("17.2 GB (17179869184)"));
}

TEST(ExplainFact, AnAbsentFactNamesWhatShowsSo) {
  const auto text = explain_fact(laptop(), "memory.limit_bytes", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("Value  none\n  From   no limit\n"));
}

TEST(ExplainFact, TakesAWholeSection) {
  const auto text = explain_fact(laptop(), "memory", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("memory.total_bytes"));
  EXPECT_THAT(*text, HasSubstr("memory.available_bytes"));
  EXPECT_THAT(*text, Not(HasSubstr("cpu.")));
}

TEST(ExplainFact, TakesAPartOfAName) {
  const auto text = explain_fact(laptop(), "bandwidth", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("theoretical_bandwidth"));
}

TEST(ExplainFact, TakesTheWordsOfTheScreen) {
  for (const auto& [word, fact] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Clock", "cpu.max_frequency_hertz"},
           {"instructions", "cpu.isa"},
           {"usable now", "cpu.usable_cpus"},
           {"Installed", "memory.total_bytes"}}) {
    const auto text = explain_fact(laptop(), word, {});
    ASSERT_TRUE(text) << word;
    EXPECT_THAT(*text, testing::StartsWith(std::string(fact) + "\n"));
  }
}

TEST(ExplainFact, SuggestsTheLastPartOfAName) {
  const auto text = explain_fact(laptop(), "brnd", {});
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().remedy, HasSubstr("did you mean brand"));
}

TEST(ExplainFact, SuggestsTheNearestName) {
  const auto text = explain_fact(laptop(), "memory.totl_bytes", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::usage);
  EXPECT_THAT(text.error().remedy, HasSubstr("memory.total_bytes"));
}

}  // namespace
}  // namespace assay
