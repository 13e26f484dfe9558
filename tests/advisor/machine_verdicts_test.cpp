// Verdicts on machines: made by hand with 4, 8, 16 and 32 GB, within limits, on battery, and
// recorded ones. The expectations are worked out from the policy and published sizes:
//   needed = size of the published file + cache of 4096 positions (2 bytes each) + about 0.1 GB
//   qwen3-0.6b Q4_K_M  0.40 + 0.47 (28 layers x 8 heads x 128 x 2)       = 1.0 GB
//   qwen3-4b Q4_K_M    2.50 + 0.60 (36 layers x 8 heads x 128 x 2)       = 3.2 GB
//   llama-3.1-8b Q4_K_M 4.92 + 0.54 (32 layers x 8 heads x 128 x 2)      = 5.5 GB
//   llama-3.1-8b F16   16.07 + 0.54                                      = 16.7 GB
//   qwen3-30b-a3b Q4_K_M 18.56 + 0.40 (48 layers x 4 heads x 128 x 2)    = 19.0 GB
// and a memory that is read at 40 GB/s, of which weights reach 90 % (experts 80 %):
//   tokens/s < 36 / (bytes read for a token): 0.4 GB > 20, 2.5 GB < 14.4, 4.6 GB < 7.8, 15 GB
//   < 2.4; the mixture reads 8 of 128 experts and the rest, about 2 GB: < 16.
// The policy: up to 70 % comfortable, 83 % ok, 95 % tight; from 20 tokens/s comfortable, 10 ok, 4
// tight.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "probes/probe.hpp"
#include "tests/advisor/example_machine.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Policy& policy() {
  static const Policy k_policy = builtin_policy().value();
  return k_policy;
}

/// A machine whose meminfo tells so much memory, and how much of it is available.
MachineTree machine_with(double total_gigabytes, double available_gigabytes) {
  MachineTree tree;
  tree.file("/proc/meminfo",
            fmt::format("MemTotal: {:.0f} kB\nMemFree: 100000 kB\nMemAvailable: {:.0f} kB\n",
                        total_gigabytes * 1e9 / 1024, available_gigabytes * 1e9 / 1024));
  return tree;
}

Verdict verdict_on(const MachineProfile& machine, const std::string& model, Recipe recipe) {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  return answer(question_about(model, recipe), example_calibration(40e9), machine.usable_memory(),
                policy(), &k_catalogue, &machine);
}

struct Row {
  const char* name;
  double total, available;  // gigabytes
  const char* model;
  Recipe recipe;
  VerdictKind verdict;
  Limit limit;
};

class SimulatedMachine : public ::testing::TestWithParam<Row> {};

TEST_P(SimulatedMachine, IsJudgedByThePolicy) {
  const Row& row = GetParam();
  const MachineTree tree = machine_with(row.total, row.available);
  const Verdict verdict = verdict_on(probe_machine(tree.host()), row.model, row.recipe);
  EXPECT_EQ(verdict.verdict, row.verdict) << verdict.why;
  EXPECT_EQ(verdict.limit, row.limit) << verdict.why;
  EXPECT_THAT(verdict.why, HasSubstr(row.model));
  // Whoever is refused is told what would help.
  if (is_bad(verdict.verdict)) {
    ASSERT_FALSE(verdict.changes.empty());
    EXPECT_LT(static_cast<int>(verdict.changes[0].verdict), static_cast<int>(verdict.verdict));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SimulatedMachine,
    ::testing::Values(
        Row{"SmallOn4", 4, 3.0, "qwen3-0.6b", Recipe::q4_k_m, VerdictKind::comfortable,
            Limit::none},  // 33 %
        Row{"MiddleOn4", 4, 3.0, "qwen3-4b", Recipe::q4_k_m, VerdictKind::no, Limit::memory},
        Row{"MiddleOn8", 8, 6.0, "qwen3-4b", Recipe::q4_k_m, VerdictKind::ok,
            Limit::decode_speed},  // 53 %
        Row{"LargeOn8", 8, 6.0, "llama-3.1-8b", Recipe::q4_k_m, VerdictKind::tight,
            Limit::memory},  // 92 %
        Row{"LargeOnBusy8", 8, 5.0, "llama-3.1-8b", Recipe::q4_k_m, VerdictKind::no, Limit::memory},
        Row{"LargeOn16", 16, 12.0, "llama-3.1-8b", Recipe::q4_k_m, VerdictKind::tight,
            Limit::decode_speed},  // 46 %
        Row{"MixtureOn16", 16, 12.0, "qwen3-30b-a3b", Recipe::q4_k_m, VerdictKind::no,
            Limit::memory},
        Row{"MixtureOn32", 32, 28.0, "qwen3-30b-a3b", Recipe::q4_k_m, VerdictKind::ok,
            Limit::decode_speed},  // 68 %
        Row{"MixtureOnBusy32", 32, 24.0, "qwen3-30b-a3b", Recipe::q4_k_m, VerdictKind::ok,
            Limit::memory},  // 79 %
        Row{"UnquantisedOn32", 32, 28.0, "llama-3.1-8b", Recipe::f16, VerdictKind::no,
            Limit::decode_speed}),  // 60 %
    [](const auto& row) { return std::string(row.param.name); });

TEST(MachineVerdict, AControlGroupsLimitBindsAndIsNamed) {
  MachineTree tree = machine_with(16, 12);
  tree.file("/proc/self/cgroup", "0::/job\n")
      .file("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("/sys/fs/cgroup/job/memory.max", "3221225472\n")
      .file("/sys/fs/cgroup/job/memory.current", "1073741824\n");
  const MachineProfile machine = probe_machine(tree.host());
  const Verdict verdict = verdict_on(machine, "qwen3-4b", Recipe::q4_k_m);
  EXPECT_EQ(verdict.verdict, VerdictKind::no);  // 3.2 GB of 2 GiB
  EXPECT_EQ(verdict.limit, Limit::memory);
  EXPECT_THAT(verdict.why, HasSubstr("2.1 GB are available"));
  // 3.2 GB are ok from 3.9 GB on: the limit of 3.2 GB must rise by 1.7 GB, which the machine has.
  EXPECT_THAT(verdict.advice, Contains(StartsWith("Raise the memory limit (cgroup or ulimit)")));
  EXPECT_THAT(verdict.advice, Not(Contains(StartsWith("Close other programs"))));
  EXPECT_THAT(verdict.advice, Not(Contains(StartsWith("Add "))));
}

TEST(MachineVerdict, WhatTheMachineLacksNoLimitGives) {
  MachineTree tree = machine_with(4, 2.5);
  tree.file("/proc/self/cgroup", "0::/job\n")
      .file("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("/sys/fs/cgroup/job/memory.max", "2147483648\n")
      .file("/sys/fs/cgroup/job/memory.current", "0\n");
  const Verdict verdict = verdict_on(probe_machine(tree.host()), "qwen3-4b", Recipe::q4_k_m);
  EXPECT_EQ(verdict.verdict, VerdictKind::no);
  EXPECT_THAT(verdict.advice, Not(Contains(StartsWith("Raise the memory limit"))));
}

TEST(MachineVerdict, OnBatteryASlowAnswerSaysSo) {
  MachineTree tree = machine_with(16, 12);
  tree.file("/sys/class/power_supply/AC/type", "Mains\n")
      .file("/sys/class/power_supply/AC/online", "0\n")
      .file("/sys/class/power_supply/BAT0/type", "Battery\n")
      .file("/sys/class/power_supply/BAT0/status", "Discharging\n");
  const MachineProfile machine = probe_machine(tree.host());
  ASSERT_TRUE(machine.power.on_battery.value_or(false));
  const Verdict slow = verdict_on(machine, "llama-3.1-8b", Recipe::q4_k_m);
  EXPECT_EQ(slow.verdict, VerdictKind::tight);
  EXPECT_THAT(slow.advice, Contains(StartsWith("Plug it in")));
  const Verdict fast = verdict_on(machine, "qwen3-0.6b", Recipe::q4_k_m);
  EXPECT_THAT(fast.advice, Not(Contains(StartsWith("Plug it in"))));
}

TEST(MachineVerdict, WithoutMeminfoItIsUnknownAndSaysWhy) {
  const MachineTree tree;
  const Verdict verdict = verdict_on(probe_machine(tree.host()), "qwen3-4b", Recipe::q4_k_m);
  EXPECT_EQ(verdict.verdict, VerdictKind::unknown);
  EXPECT_THAT(verdict.why, StartsWith("Cannot tell: "));
  EXPECT_THAT(verdict.why, HasSubstr("/proc/meminfo"));
  EXPECT_TRUE(verdict.changes.empty());
}

// The memory of a machine whose graphics part shares it counts once: 128.5 GB, not twice.
TEST(MachineVerdict, UnifiedMemoryCountsOnce) {
  const UnpackedArchive archive("machines/nvidia-dgx-gb10.tar.bz2");
  const MachineProfile machine = probe_machine(HostView::recorded(archive.root()));
  ASSERT_TRUE(machine.memory.total.is_known());
  const Verdict fits =
      answer(question_about("mistral-small-24b-2501", Recipe::q8_0), example_calibration(),
             machine.memory.total, policy(), nullptr, &machine);
  EXPECT_EQ(fits.prediction.available.value(), Bytes(128520671232));
  // 23.6 billion values of 8.5 bits are 25 GB, 20 % of it; at 36 GB/s 1.4 tokens a second.
  EXPECT_EQ(fits.verdict, VerdictKind::no);
  EXPECT_EQ(fits.limit, Limit::decode_speed);
}

// A laptop of 3.9 GB with a recorded /proc: what its meminfo calls available decides.
TEST(MachineVerdict, ARecordedLaptopOf4GigabytesIsTooSmallForEightBillion) {
  const UnpackedArchive archive("machines/5intel64-hybrid-lakefield.tar.bz2");
  const MachineProfile machine = probe_machine(HostView::recorded(archive.root() / "fsroot"));
  ASSERT_EQ(machine.memory.total.value_or(Bytes()), Bytes(3949694976));
  const Verdict verdict = answer(question_about("llama-3.1-8b", Recipe::q4_k_m), std::nullopt,
                                 machine.memory.total, policy(), nullptr, &machine);
  EXPECT_EQ(verdict.verdict, VerdictKind::no);  // 5.5 GB of 3.9
  EXPECT_EQ(verdict.limit, Limit::memory);
  EXPECT_THAT(verdict.advice, Contains(StartsWith("Add ")));
}

}  // namespace
}  // namespace assay
