// Whole machines made by hand: the shapes that readers of topology and limits get wrong.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/cpu/usable_cpus.hpp"
#include "probes/probe.hpp"
#include "probes/topology/sysfs_topology.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/smbios_table.hpp"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::string cpu_path(unsigned cpu, std::string_view file) {
  return fmt::format("/sys/devices/system/cpu/cpu{}/{}", cpu, file);
}

/// Cores of one thread, `online` of them switched on.
MachineTree machine_of(unsigned cores, const std::string& online) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/online", online + "\n");
  for (unsigned cpu = 0; cpu < cores; ++cpu) {
    tree.file(cpu_path(cpu, "topology/thread_siblings_list"), fmt::format("{}\n", cpu))
        .file(cpu_path(cpu, "topology/core_id"), fmt::format("{}\n", cpu))
        .file(cpu_path(cpu, "topology/physical_package_id"), "0\n");
  }
  return tree;
}

void add_cache(MachineTree& tree, unsigned cpu, unsigned level, std::string_view size,
               std::string_view shared) {
  const std::string folder = fmt::format("cache/index{}/", level);
  tree.file(cpu_path(cpu, folder + "level"), fmt::format("{}\n", level))
      .file(cpu_path(cpu, folder + "type"), "Unified\n")
      .file(cpu_path(cpu, folder + "size"), fmt::format("{}\n", size))
      .file(cpu_path(cpu, folder + "shared_cpu_list"), fmt::format("{}\n", shared));
}

std::string kinds_of(const CpuProfile& cpu) {
  std::string kinds;
  for (const CoreType& type : cpu.core_types.value_or({})) {
    kinds += fmt::format("{} {}/{}; ", type.kind, type.cores, type.threads);
  }
  return kinds;
}

TEST(MachineShape, AQuotaOfTwoAndAHalfCpusInAnAncestorBinds) {
  MachineTree tree = machine_of(8, "0-7");
  tree.file("/proc/self/cgroup", "0::/pod/container\n")
      .file("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("/sys/fs/cgroup/pod/cpu.max", "250000 100000\n")
      .file("/sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  const auto usable = probe_machine(tree.host()).cpu.usable_cpus;
  EXPECT_EQ(usable.value_or(0), 2U);
  EXPECT_THAT(usable.source(), HasSubstr("/sys/fs/cgroup/pod/cpu.max (2.50 CPUs)"));
}

TEST(MachineShape, ACpusetWithoutTheFirstCpuIsCountedFromItsOwn) {
  MachineTree tree = machine_of(4, "0-3");
  tree.file("/proc/self/status", "Cpus_allowed_list:\t1-3\n")
      .file("/proc/cpuinfo",
            "processor : 0\nvendor_id : X\nflags : lm sse2\n\n"
            "processor : 1\nvendor_id : X\nflags : lm sse2 avx2\n\n"
            "processor : 2\nvendor_id : X\nflags : lm sse2 avx2\n\n"
            "processor : 3\nvendor_id : X\nflags : lm sse2 avx2 fma\n");
  const CpuProfile cpu = probe_machine(tree.host()).cpu;
  EXPECT_EQ(cpu.usable_cpus.value_or(0), 3U);
  EXPECT_EQ(cpu.logical_cores.value_or(0), 4U);
  EXPECT_EQ(one_cpu_of_each_core(tree.host()), (std::vector<unsigned>{1, 2, 3}));
  EXPECT_THAT(cpu.isa.value_or({}), Contains("avx2"));  // CPU 0 is none of ours
  EXPECT_THAT(cpu.isa.value_or({}), Not(Contains("fma")));
}

TEST(MachineShape, InstructionsOfCpusThatWeMayNotUseDoNotCount) {
  MachineTree tree = machine_of(2, "0-1");
  tree.file("/proc/self/status", "Cpus_allowed_list:\t1\n");
  CpuidSource source;
  source.cpus = {0, 1};
  source.xcr0 = [] { return std::optional<std::uint64_t>(0x7); };
  source.query = [](unsigned cpu, std::uint32_t leaf,
                    std::uint32_t) -> std::optional<CpuidRegisters> {
    if (leaf == 0) return CpuidRegisters{1, 0x756e6547, 0x6c65746e, 0x49656e69};
    constexpr std::uint32_t k_avx = 1U << 28U;
    return CpuidRegisters{0, cpu << 24U, cpu == 1 ? k_avx : 0, 0};
  };
  const CpuProfile cpu = probe_machine(tree.host().with_cpuid(source)).cpu;
  EXPECT_THAT(cpu.isa.value_or({}), Contains("avx"));
  EXPECT_THAT(cpu.isa.source(), HasSubstr("1 logical CPU"));
}

TEST(MachineShape, OfflineCpusInTheMiddleAreLeftOut) {
  MachineTree tree = machine_of(6, "0-1,4-5");
  std::filesystem::remove_all(tree.at("/sys/devices/system/cpu/cpu2/topology"));
  std::filesystem::remove_all(tree.at("/sys/devices/system/cpu/cpu3/topology"));
  const CpuProfile cpu = probe_machine(tree.host()).cpu;
  EXPECT_EQ(cpu.logical_cores.value_or(0), 4U);
  EXPECT_EQ(cpu.physical_cores.value_or(0), 4U);
  EXPECT_EQ(one_cpu_of_each_core(tree.host()), (std::vector<unsigned>{0, 1, 4, 5}));
}

TEST(MachineShape, WithoutAnySysTheProcessorIsStillCounted) {
  MachineTree tree;
  std::string cpuinfo;
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    cpuinfo += fmt::format(
        "processor : {}\nvendor_id : AuthenticAMD\nmodel name : AMD  EPYC\nphysical id : 0\n"
        "core id : {}\nflags : lm sse2 avx2 hypervisor\n\n",
        cpu, cpu / 2);
  }
  tree.file("/proc/cpuinfo", cpuinfo).file("/proc/meminfo", "MemTotal: 8000000 kB\n");
  const MachineProfile machine = probe_machine(tree.host());
  EXPECT_EQ(machine.cpu.brand.value_or(""), "AMD EPYC");
  EXPECT_EQ(machine.cpu.logical_cores.value_or(0), 4U);
  EXPECT_EQ(machine.cpu.physical_cores.value_or(0), 2U);
  EXPECT_TRUE(machine.cpu.smt_active.value_or(false));
  EXPECT_EQ(machine.cpu.caches.state(), FactState::unknown);
  EXPECT_EQ(machine.memory.total.value_or(Bytes()), Bytes(8'000'000ULL * 1024));
  EXPECT_EQ(machine.memory.modules.state(), FactState::unknown);
}

TEST(MachineShape, AHybridOfBothCgroupVersionsIsReadWhereEachControllerIs) {
  MachineTree tree = machine_of(8, "0-7");
  tree.file("/proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n")
      .file("/proc/self/cgroup", "5:memory:/job\n4:cpuset:/job\n0::/user/job\n")
      .file("/proc/self/mountinfo",
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            "36 31 0:33 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n")
      .file("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "3221225472\n")
      .file("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1073741824\n")
      .file("/sys/fs/cgroup/cpuset/job/cpuset.cpus", "2-7\n")
      .file("/sys/fs/cgroup/unified/user/job/cpu.max", "max 100000\n")
      .file("/sys/fs/cgroup/unified/user/cpu.max", "400000 100000\n");
  const MachineProfile machine = probe_machine(tree.host());
  EXPECT_EQ(machine.memory.limit.value_or(Bytes()), gibibytes(3));
  EXPECT_EQ(machine.memory.limit_headroom.value_or(Bytes()), gibibytes(2));
  EXPECT_EQ(machine.cpu.usable_cpus.value_or(0), 4U);
}

TEST(MachineShape, ACpusetNamedOnlyByItsOldFileIsFound) {
  MachineTree tree = machine_of(4, "0-3");
  tree.file("/proc/self/cpuset", "/job\n")
      .file("/proc/mounts", "none /dev/cpuset cpuset rw 0 0\n")
      .file("/dev/cpuset/job/cpus", "1-2\n")
      .file("/dev/cpuset/job/mems", "0\n");
  EXPECT_EQ(probe_machine(tree.host()).cpu.usable_cpus.value_or(0), 2U);
}

/// Twenty Arm cores of two designs, five capacities, one memory for processor and graphics.
MachineTree unified_memory_machine() {
  MachineTree tree = machine_of(20, "0-19");
  for (unsigned cpu = 0; cpu < 20; ++cpu) {
    const bool is_big = (cpu >= 5 && cpu < 10) || cpu >= 15;
    const unsigned capacity = !is_big    ? (cpu < 5 ? 718 : 731)
                              : cpu < 10 ? 997
                                         : 1017 + (cpu == 19) * 7;
    tree.file(cpu_path(cpu, "regs/identification/midr_el1"),
              is_big ? "0x00000000410fd850\n" : "0x00000000410fd871\n")
        .file(cpu_path(cpu, "cpu_capacity"), fmt::format("{}\n", capacity))
        .file(fmt::format("/sys/devices/system/cpu/cpufreq/policy{}/cpuinfo_max_freq", cpu),
              is_big ? "3900000\n" : "2808000\n");
  }
  MemoryDeviceRow chip{.locator = "Onboard"};
  chip.size = 8192;
  chip.data_width = 16;
  chip.type = 0x23;
  chip.speed = chip.configured = 8533;
  tree.file("/proc/meminfo", "MemTotal: 125508468 kB\nMemAvailable: 120000000 kB\n")
      .file("/sys/devices/system/node/node0/cpulist", "0-19\n")
      .file("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 125508468 kB\n")
      .file("/sys/firmware/dmi/tables/DMI", memory_table(std::vector<MemoryDeviceRow>(16, chip)));
  return tree;
}

TEST(MachineShape, DesignsGroupTheCoresOfAUnifiedMemoryMachine) {
  const MachineTree tree = unified_memory_machine();
  const CpuProfile cpu = probe_machine(tree.host()).cpu;
  EXPECT_EQ(kinds_of(cpu), "performance 10/10; efficiency 10/10; ");
  EXPECT_EQ(cpu.core_types.value().at(0).name, "Arm Cortex-X925");
  EXPECT_EQ(cpu.core_types.value().at(0).max_frequency_hertz, 3.9e9);
  EXPECT_EQ(cpu.core_types.value().at(1).max_frequency_hertz, 2.808e9);
}

TEST(MachineShape, UnifiedMemoryIsCountedOnce) {
  const MachineTree tree = unified_memory_machine();
  const MachineProfile machine = probe_machine(tree.host());
  EXPECT_EQ(machine.memory.total.value_or(Bytes()), Bytes(125508468ULL * 1024));
  EXPECT_EQ(machine.usable_memory().value_or(Bytes()), Bytes(120000000ULL * 1024));
  EXPECT_EQ(machine.cpu.numa_nodes.value_or(0), 1U);
  EXPECT_DOUBLE_EQ(machine.memory.theoretical_bandwidth_bytes_per_second.value_or(0), 32 * 8533e6);
}

TEST(MachineShape, FourDesignsOfArmAreFourTypes) {
  MachineTree tree = machine_of(8, "0-7");
  struct Row {
    unsigned cpu;
    const char* midr;
    unsigned kilohertz;
  };
  for (const Row& row :
       {Row{0, "0x411fd461", 2016000}, Row{1, "0x411fd461", 2016000}, Row{2, "0x411fd461", 2016000},
        Row{3, "0x411fd4d0", 2803200}, Row{4, "0x411fd4d0", 2803200}, Row{5, "0x412fd470", 2803200},
        Row{6, "0x412fd470", 2803200}, Row{7, "0x411fd4e0", 3187200}}) {
    tree.file(cpu_path(row.cpu, "regs/identification/midr_el1"), row.midr)
        .file(cpu_path(row.cpu, "cpufreq/cpuinfo_max_freq"), fmt::format("{}\n", row.kilohertz))
        .file(cpu_path(row.cpu, "cpufreq/related_cpus"), fmt::format("{}\n", row.cpu));
  }
  const CpuProfile cpu = probe_machine(tree.host()).cpu;
  EXPECT_EQ(kinds_of(cpu), "performance 1/1; middle 2/2; middle 2/2; efficiency 3/3; ");
  EXPECT_EQ(cpu.core_types.value().at(3).max_frequency_hertz, 2.016e9);
}

TEST(MachineShape, ArmDesignsThatNothingOrdersAreUnranked) {
  MachineTree tree = machine_of(4, "0-3");
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    tree.file(cpu_path(cpu, "regs/identification/midr_el1"),
              cpu < 2 ? "0x410fd0b0\n" : "0x410fd0d0\n");  // A76 and A77
  }
  EXPECT_EQ(kinds_of(probe_machine(tree.host()).cpu), "unranked 2/2; unranked 2/2; ");
}

TEST(MachineShape, ArmDesignsOfEqualStrengthAreOfOneKind) {
  MachineTree tree = machine_of(3, "0-2");
  for (const auto& [cpu, midr] :
       {std::pair(0U, "0x410fd050"), std::pair(1U, "0x410fd0b0"), std::pair(2U, "0x410fd0d0")}) {
    tree.file(cpu_path(cpu, "regs/identification/midr_el1"), midr)
        .file(cpu_path(cpu, "cpu_capacity"), cpu == 0 ? "400\n" : "1024\n");
  }
  EXPECT_EQ(kinds_of(probe_machine(tree.host()).cpu),
            "performance 1/1; performance 1/1; efficiency 1/1; ");
}

TEST(MachineShape, EfficiencyCoresWithoutTheSharedCacheAreLowPowerCores) {
  MachineTree tree = machine_of(8, "0-7");
  tree.file("/sys/devices/cpu_core/cpus", "0-3\n").file("/sys/devices/cpu_atom/cpus", "4-7\n");
  for (unsigned cpu = 0; cpu < 6; ++cpu) add_cache(tree, cpu, 3, "24576K", "0-5");
  for (unsigned cpu = 6; cpu < 8; ++cpu) add_cache(tree, cpu, 2, "2048K", "6-7");
  EXPECT_EQ(kinds_of(probe_machine(tree.host()).cpu),
            "performance 4/4; efficiency 2/2; low_power 2/2; ");
}

TEST(MachineShape, MemoryNodesCarrySizesAndPermission) {
  MachineTree tree = machine_of(4, "0-3");
  tree.file("/proc/self/cgroup", "0::/job\n")
      .file("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("/sys/fs/cgroup/job/cpuset.mems.effective", "1\n");
  for (unsigned node = 0; node < 2; ++node) {
    const std::string folder = fmt::format("/sys/devices/system/node/node{}/", node);
    tree.file(folder + "cpulist", node == 0 ? "0-1\n" : "2-3\n")
        .file(folder + "meminfo", fmt::format("Node {} MemTotal:  {} kB\n", node, 1024 << node));
  }
  const auto topology = sysfs_topology(tree.host());
  ASSERT_TRUE(topology);
  ASSERT_EQ(topology->nodes.size(), 2U);
  EXPECT_EQ(topology->nodes[1].bytes, mebibytes(2));
  EXPECT_EQ(topology->nodes[1].cpus, 2U);
  EXPECT_FALSE(topology->nodes[0].permitted);
  EXPECT_TRUE(topology->nodes[1].permitted);
}

}  // namespace
}  // namespace assay
