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
  EXPECT_THAT(render_profile(laptop(), false, {}),
              HasSubstr("unknown: the memory modules' speed needs root; run it as root"));
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
  EXPECT_THAT(render_profile(machine, false, {}), HasSubstr("recorded: /recordings/one"));
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
  EXPECT_THAT(*text, HasSubstr("run it as root"));
}

TEST(ExplainFact, TakesAPartOfAName) {
  const auto text = explain_fact(laptop(), "bandwidth", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("theoretical_bandwidth"));
}

TEST(ExplainFact, SuggestsTheNearestName) {
  const auto text = explain_fact(laptop(), "memory.totl_bytes", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::usage);
  EXPECT_THAT(text.error().remedy, HasSubstr("memory.total_bytes"));
}

}  // namespace
}  // namespace assay
