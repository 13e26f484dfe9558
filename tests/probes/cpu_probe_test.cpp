#include "probes/cpu/cpu_probe.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <random>
#include <thread>

#include "base/affinity.hpp"
#include "base/file.hpp"
#include "probes/cpu/cpuid_topology.hpp"
#include "probes/cpu/isa_features.hpp"
#include "probes/cpu/libcpuid_opinion.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/os/child_process.hpp"
#include "probes/probe.hpp"
#include "probes/topology/hwloc_topology.hpp"
#include "probes/topology/sysfs_topology.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// One CPU that claims everything in leaves 1 and 7, under an operating system with this XCR0.
CpuidSource everything(std::optional<std::uint64_t> xcr0) {
  CpuidSource source;
  source.cpus = {0};
  source.description = "made by hand";
  source.xcr0 = [xcr0] { return xcr0; };
  source.query = [](unsigned, std::uint32_t leaf, std::uint32_t) -> std::optional<CpuidRegisters> {
    constexpr std::uint32_t k_all = 0xFFFFFFFF;
    if (leaf == 0) return CpuidRegisters{7, 0x756e6547, 0x6c65746e, 0x49656e69};
    if (leaf == 1 || leaf == 7) return CpuidRegisters{k_all, k_all, k_all, k_all};
    return std::nullopt;
  };
  return source;
}

std::vector<std::string> isa_under(std::optional<std::uint64_t> xcr0) {
  return isa_names(decode_isa(everything(xcr0), 0).value_or(IsaSet()));
}

TEST(IsaFeatures, WithoutAvxStateNoAvxIsUsable) {
  const auto isa = isa_under(0x3);
  EXPECT_THAT(isa, Contains("sse4_2"));
  EXPECT_THAT(isa, Not(Contains("avx")));
  EXPECT_THAT(isa, Not(Contains("avx2")));
  EXPECT_THAT(isa, Not(Contains("fma")));
}

TEST(IsaFeatures, WithoutAvx512StateOnlyAvxIsUsable) {
  const auto isa = isa_under(0x7);
  EXPECT_THAT(isa, Contains("avx2"));
  EXPECT_THAT(isa, Contains("avx_vnni"));
  EXPECT_THAT(isa, Not(Contains("avx512f")));
}

TEST(IsaFeatures, AmxNeedsBothOfItsStates) {
  EXPECT_THAT(isa_under(0x200E7), Not(Contains("amx_int8")));
  EXPECT_THAT(isa_under(0x600E7), Contains("amx_int8"));
}

TEST(IsaFeatures, AnUnrecordedStateCountsAsEnabled) {
  EXPECT_THAT(isa_under(std::nullopt), Contains("amx_int8"));
}

TEST(IsaFeatures, LevelsNeedAllTheirFeatures) {
  const std::string v3 =
      "lm sse2 pni ssse3 sse4_1 sse4_2 cx16 popcnt lahf_lm avx avx2 bmi1 bmi2 f16c fma abm movbe";
  EXPECT_EQ(x86_64_level(isa_from_flags(v3)), 3U);
  EXPECT_EQ(x86_64_level(isa_from_flags("lm sse2 avx2")), 1U);
  EXPECT_EQ(x86_64_level(isa_from_flags("sse2")), 0U);
}

TEST(LiveCpuid, LeavesTheThreadsAffinityAsItWas) {
  const auto before = allowed_cpus();
  const CpuidSource source = live_cpuid();
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(LiveCpuid, AsksOnlyTheCpusOfTheAffinityMask) {
  const auto all = allowed_cpus();
  ASSERT_FALSE(all.empty());
  std::vector<unsigned> asked;
  std::thread([&] {  // the binding ends with the thread
    ASSERT_TRUE(bind_this_thread(all.back()));
    asked = live_cpuid().cpus;
  })
      .join();
  for (const unsigned cpu : asked) EXPECT_EQ(cpu, all.back());
}

TEST(CpuProbe, AnEmptyRecordingIsAllUnknown) {
  const MachineTree tree;
  const CpuProfile cpu = probe_cpu(tree.host());
  EXPECT_EQ(cpu.vendor.state(), FactState::unknown);
  EXPECT_EQ(cpu.brand.state(), FactState::unknown);
  EXPECT_EQ(cpu.isa.state(), FactState::unknown);
  EXPECT_EQ(cpu.physical_cores.state(), FactState::unknown);
  EXPECT_EQ(cpu.logical_cores.state(), FactState::unknown);
  EXPECT_EQ(cpu.core_types.state(), FactState::unknown);
  EXPECT_EQ(cpu.caches.state(), FactState::unknown);
  EXPECT_EQ(cpu.max_frequency_hertz.state(), FactState::unknown);
}

TEST(CpuProbe, CpuinfoCountsWhenSysIsMissing) {
  MachineTree tree;
  tree.file("/proc/cpuinfo",
            "processor : 0\nvendor_id : GenuineIntel\nmodel name : X\nphysical id : 0\n"
            "core id : 0\nflags : lm sse2 avx2\n\n"
            "processor : 1\nphysical id : 0\ncore id : 0\nflags : lm sse2\n");
  const CpuProfile cpu = probe_cpu(tree.host());
  EXPECT_EQ(cpu.logical_cores.value_or(0), 2U);
  EXPECT_EQ(cpu.physical_cores.value_or(0), 1U);
  EXPECT_THAT(cpu.isa.value_or({}), Not(Contains("avx2")));  // one CPU lacks it
}

TEST(CpuProbe, FrequencyAndGovernorComeFromThePolicies) {
  MachineTree tree;
  const std::string folder = "/sys/devices/system/cpu/cpufreq/";
  tree.file(folder + "policy0/cpuinfo_max_freq", "4800000\n")
      .file(folder + "policy0/scaling_governor", "powersave\n")
      .file(folder + "policy8/cpuinfo_max_freq", "3800000\n")
      .file(folder + "policy8/scaling_governor", "powersave\n");
  const CpuProfile cpu = probe_cpu(tree.host());
  EXPECT_DOUBLE_EQ(cpu.max_frequency_hertz.value_or(0), 4.8e9);
  EXPECT_EQ(cpu.governor.value_or(""), "powersave");
}

/// CPUs with one thread each.
MachineTree single_threads(unsigned count, const std::string& online) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/online", online + "\n");
  for (unsigned cpu = 0; cpu < count; ++cpu) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}/topology/", cpu);
    tree.file(folder + "thread_siblings_list", fmt::format("{}\n", cpu))
        .file(folder + "physical_package_id", "0\n")
        .file(folder + "core_id", fmt::format("{}\n", cpu));
  }
  return tree;
}

TEST(SysfsTopology, OfflineCpusDoNotCount) {
  const MachineTree tree = single_threads(4, "0,2-3");
  const auto topology = sysfs_topology(tree.host());
  ASSERT_TRUE(topology);
  EXPECT_EQ(topology->cpus.size(), 3U);
}

TEST(SysfsTopology, AZeroByteAtTheEndOfAFileIsNoPartOfIt) {
  MachineTree tree = single_threads(2, "0-1");
  tree.file("/sys/devices/system/cpu/cpu1/topology/thread_siblings_list",
            std::string_view("1\n\0", 3));
  EXPECT_EQ(sysfs_topology(tree.host())->cpus.size(), 2U);
}

TEST(SysfsTopology, IntelsPmuListsGiveTheKinds) {
  MachineTree tree = single_threads(4, "0-3");
  tree.file("/sys/devices/cpu_core/cpus", "0-1\n").file("/sys/devices/cpu_atom/cpus", "2-3\n");
  const CpuProfile cpu = probe_cpu(tree.host());
  ASSERT_EQ(cpu.core_types.value_or({}).size(), 2U);
  EXPECT_EQ(cpu.core_types.value()[0].kind, "performance");
  EXPECT_EQ(cpu.core_types.value()[1].cores, 2U);
}

TEST(SysfsTopology, ArmPartsAreOrderedByCapacity) {
  MachineTree tree = single_threads(4, "0-3");
  const std::string folder = "/sys/devices/system/cpu/cpu";
  for (const auto& [cpu, midr, capacity] :
       {std::tuple("0", "0x00000000410fd460", "300"), std::tuple("1", "0x00000000410fd460", "300"),
        std::tuple("2", "0x00000000410fd4d0", "800"),
        std::tuple("3", "0x00000000410fd4e0", "1024")}) {
    tree.file(folder + cpu + "/regs/identification/midr_el1", midr)
        .file(folder + cpu + "/cpu_capacity", capacity);
  }
  std::string kinds;
  for (const CoreType& type : probe_cpu(tree.host()).core_types.value_or({})) {
    kinds += fmt::format("{} {}; ", type.kind, type.cores);
  }
  EXPECT_EQ(kinds, "performance 1; middle 1; efficiency 2; ");
}

TEST(HwlocTopology, ATreeWithoutCpuFoldersIsRefused) {
  MachineTree tree;  // hwloc would make up one CPU
  tree.directory("/sys/devices/system/cpu").directory("/proc");
  EXPECT_FALSE(load_hwloc_topology(tree.host()));
}

TEST(HwlocTopology, ARecordingWhoseLinksLeadOutIsRefused) {
  MachineTree tree = single_threads(2, "0-1");
  tree.link("/sys/devices/system/node", "/sys/devices/system/node");
  const auto topology = load_hwloc_topology(tree.host());
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().message, HasSubstr("lead out"));
}

TEST(HwlocTopology, AFifoInARecordingDoesNotHang) {
  MachineTree tree = single_threads(2, "0-1");
  std::filesystem::remove(tree.at("/sys/devices/system/cpu/online"));
  ASSERT_EQ(::mkfifo(tree.at("/sys/devices/system/cpu/online").c_str(), 0600), 0);
  EXPECT_EQ(probe_cpu(tree.host()).logical_cores.value_or(0), 2U);
}

TEST(CpuLists, RangesAndSinglesAreRead) {
  EXPECT_EQ(parse_cpu_list("0-2,6\n"), (std::vector<unsigned>{0, 1, 2, 6}));
  EXPECT_EQ(parse_cpu_mask("00000001,80000003"), (std::vector<unsigned>{0, 1, 31, 32}));
}

TEST(CpuLists, NonsenseIsRefused) {
  for (const char* text : {"3-1", "0-4294967295", "1,,2", "-1", "0-99999999999999999999", "a"}) {
    EXPECT_FALSE(parse_cpu_list(text)) << text;
  }
}

TEST(ProcCpuinfo, OldArmKernelsSayMostThingsOnce) {
  const auto path =
      std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/machines/cpuinfo-raspberrypi3.txt";
  const ProcCpuinfo info = parse_proc_cpuinfo(read_file(path, mebibytes(1)).value_or(""));
  EXPECT_EQ(info.processors.size(), 4U);
  EXPECT_EQ(info.find("CPU part").value_or(""), "0xd03");
}

TEST(ProcCpuinfo, AnArmServerIsNamedByItsPart) {
  const auto path =
      std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/machines/cpuinfo-jetson-tx1.txt";
  MachineTree tree;
  tree.file("/proc/cpuinfo", read_file(path, mebibytes(1)).value_or(""));
  const CpuProfile cpu = probe_cpu(tree.host());
  EXPECT_EQ(cpu.brand.value_or(""), "Arm Cortex-A57");
  EXPECT_EQ(cpu.vendor.value_or(""), "Arm");
}

TEST(Libcpuid, IsNotAskedAboutVendorsThatItDoesNotKnow) {
  for (const char* name : {"via__isaiah__via-nano-processor-l2200.test",
                           "zhaoxin__lujiazui__zhaoxin-kaixian-kx-6640ma.test"}) {
    const auto dump =
        read_cpuid_dump(std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/cpuid" / name);
    ASSERT_TRUE(dump);
    EXPECT_THAT(libcpuid_opinion(*dump, 0).error().message, HasSubstr("CentaurHauls"));
  }
}

TEST(Libcpuid, AgreesOnTheCachesOfARecording) {
  const auto dump =
      read_cpuid_dump(std::filesystem::path(ASSAY_TEST_ROOT) /
                      "fixtures/cpuid/intel__x86-64__haswell__intel-core-i7-4770-cpu.test");
  ASSERT_TRUE(dump);
  const MachineTree tree;
  const CpuProfile cpu = probe_cpu(tree.host().with_cpuid(*dump));
  EXPECT_THAT(cpu.caches.source(), HasSubstr("libcpuid agrees"));
}

TEST(ChildProcess, GivesTheAnswerBack) {
  const auto answer =
      run_in_child([] { return std::string(200'000, 'x'); }, std::chrono::seconds(10));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->size(), 200'000U);
}

TEST(ChildProcess, ACrashIsAnError) {
  const auto answer = run_in_child(
      []() -> std::string {
        ::raise(SIGKILL);
        return {};
      },
      std::chrono::seconds(10));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("crashed"));
}

TEST(ChildProcess, AHangEndsWithTheLimit) {
  const auto answer = run_in_child(
      []() -> std::string {
        while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
      },
      std::chrono::milliseconds(100));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("no answer"));
}

/// Text that is not a CPUID recording, or a broken one.
class BadDumps : public testing::TestWithParam<const char*> {};

TEST_P(BadDumps, AreRefusedByName) {
  MachineTree tree;
  tree.file("/dump.txt", GetParam());
  const auto dump = read_cpuid_dump(tree.at("/dump.txt"));
  ASSERT_FALSE(dump);
  EXPECT_EQ(dump.error().code, ErrorCode::refused_input);
  EXPECT_THAT(dump.error().text(), HasSubstr("dump.txt"));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, BadDumps,
    testing::Values("", "hello\n", "CPUID 00000001: 1-2-3-4\n", "CPUID 00000000: 1-2-3\n",
                    "CPUID xyz: 1-2-3-4\n", "CPUID 00000000: 1-2-3-4-5\n",
                    "CPUID 00000000: 100000000-2-3-4\n", "CPUID 00000000: 1-2-3-4 [SL zz]\n",
                    "basic_cpuid[0]=1 2\n", "basic_cpuid[999]=1 2 3 4\n", "basic_cpuid[0\n"));

TEST(CpuidDump, MissingFilesAndEmptyFoldersAreRefused) {
  const MachineTree tree;
  EXPECT_FALSE(read_cpuid_dump(tree.at("/nowhere")));
  EXPECT_FALSE(read_cpuid_dump(tree.root()));
}

TEST(CpuidDump, DamagedRecordingsAreReadOrRefused) {
  const auto path = std::filesystem::path(ASSAY_TEST_ROOT) /
                    "fixtures/cpuid/intel__x86-64__golden-cove__intel-pentium-gold-8505.test";
  const std::string sound = read_file(path, mebibytes(1)).value_or("");
  ASSERT_FALSE(sound.empty());
  MachineTree tree;
  std::mt19937 random(1);  // the same damage in every run
  for (int round = 0; round < 300; ++round) {
    std::string text = sound;
    for (int change = 0; change < 40; ++change) {
      constexpr std::string_view k_letters = "0123456789ABCDEF-:[]#\n";
      text[random() % text.size()] = k_letters[random() % k_letters.size()];
    }
    tree.file("/dump.txt", text);
    const auto dump = read_cpuid_dump(tree.at("/dump.txt"));
    if (!dump) continue;
    const auto topology = cpuid_topology(*dump);
    if (!topology) continue;
    EXPECT_LE(topology->core_count(), topology->cpus.size());
    for (const unsigned cpu : dump->cpus) (void)decode_isa(*dump, cpu);
  }
}

TEST(CpuidDump, TooManyBlocksAreRefused) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "CPU#000 AffMask: 0x1\nCPUID 00000000: 1-2-3-4\n";
  MachineTree tree;
  tree.file("/dump.txt", text);
  EXPECT_FALSE(read_cpuid_dump(tree.at("/dump.txt")));
}

TEST(Replay, NeverFallsBackToTheLiveMachine) {
  const MachineTree tree;
  const MachineProfile machine = probe_machine(tree.host(), "/tmp");
  EXPECT_FALSE(machine.cpu.brand.is_known());
  EXPECT_FALSE(machine.cpu.usable_cpus.is_known());
  EXPECT_FALSE(machine.memory.total.is_known());
  EXPECT_FALSE(machine.memory.limit.is_known());
  EXPECT_FALSE(machine.gpu_count.is_known());
  EXPECT_FALSE(machine.os.kernel.is_known());
  EXPECT_FALSE(machine.power.on_battery.is_known());
  EXPECT_FALSE(machine.storage.free.is_known());
}

}  // namespace
}  // namespace assay
