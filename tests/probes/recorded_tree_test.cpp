// Recorded /proc and /sys trees of whole machines: what hwloc and our own reader make of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "probes/cpu/cpu_probe.hpp"
#include "probes/probe.hpp"
#include "probes/topology/hwloc_topology.hpp"
#include "probes/topology/sysfs_topology.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

/// Counts of the whole machine, from hwloc's own expected outputs; where those show only what a
/// cpuset allows, from the machine's description (the archive's name).
struct RecordedTree {
  const char* archive;
  std::uint32_t packages;
  std::uint32_t cores;
  std::uint32_t threads;
  const char* kinds;
  const char* largest_cache;
};

void PrintTo(const RecordedTree& tree, std::ostream* out) { *out << tree.archive; }

const RecordedTree k_trees[] = {
    {"16amd64-4n4c-cgroup-distance-merge", 4, 16, 16, "uniform 16/16", "L3 2048 KiB x4"},
    {"16amd64-8n2c-cpusets", 8, 15, 15, "uniform 15/15", "L2 1024 KiB x15"},
    {"16em64t-4s2c2t-offlines", 4, 7, 12, "uniform 7/12", "L3 4096 KiB x4"},
    {"20em64t-hybrid-1p6c2t+2ca4co1t", 1, 14, 20, "performance 6/12, efficiency 8/8",
     "L3 24576 KiB x1"},
    {"2arm-2c", 1, 2, 2, "uniform 2/2", ""},
    {"2i386-2t-hugepagesizecount", 1, 1, 2, "uniform 1/2", "L2 2048 KiB x1"},
    {"32amd64-4s2n4c-cgroup2", 4, 32, 32, "uniform 32/32", "L3 5118 KiB x8"},
    {"40intel64-2g2n4c+pcilocality", 4, 40, 40, "uniform 40/40", "L3 30720 KiB x4"},
    {"8em64t-2s2ca2c", 2, 8, 8, "uniform 8/8", "L2 4096 KiB x4"},
    {"nvidia-dgx-gb10", 1, 20, 20, "performance 10/10, efficiency 10/10", "L3 16384 KiB x1"},
    {"nvidiagpunumanodes", 2, 8, 32, "uniform 8/32", "L3 10240 KiB x4"},
    {"offline-cpu0-node0", 2, 17, 17, "uniform 17/17", "L3 30720 KiB x2"},
};

std::string kinds_of(const CpuProfile& cpu) {
  std::string kinds;
  for (const CoreType& type : cpu.core_types.value_or({})) {
    kinds +=
        fmt::format("{}{} {}/{}", kinds.empty() ? "" : ", ", type.kind, type.cores, type.threads);
  }
  return kinds;
}

std::string largest_cache_of(const CpuProfile& cpu) {
  std::string largest;
  for (const CacheLevel& cache : cpu.caches.value_or({})) {
    largest = fmt::format("L{} {} KiB x{}", cache.level, cache.bytes.value / 1024, cache.instances);
  }
  return largest;
}

class RecordedTrees : public testing::TestWithParam<RecordedTree> {
 protected:
  RecordedTrees() : archive_(fmt::format("machines/{}.tar.bz2", GetParam().archive)) {}
  void SetUp() override { ASSERT_FALSE(archive_.root().empty()); }
  [[nodiscard]] HostView host() const { return HostView::recorded(archive_.root()); }

 private:
  UnpackedArchive archive_;
};

// One test a tree, not one a question: unpacking is what costs.
TEST_P(RecordedTrees, ShapeAgreesByHwlocByOurOwnReaderAndInTheProfile) {
  const auto by_hwloc = load_hwloc_topology(host());
  ASSERT_TRUE(by_hwloc) << by_hwloc.error().text();
  const auto by_us = sysfs_topology(host());
  ASSERT_TRUE(by_us);
  const CpuProfile cpu = probe_cpu(host());
  EXPECT_EQ(by_hwloc->package_count(), GetParam().packages);
  EXPECT_EQ(by_us->package_count(), GetParam().packages);
  EXPECT_EQ(cpu.packages.value_or(0), GetParam().packages);
  EXPECT_EQ(by_hwloc->core_count(), GetParam().cores);
  EXPECT_EQ(one_cpu_of_each_core(host()).size(), GetParam().cores);
  EXPECT_EQ(cpu.physical_cores.value_or(0), GetParam().cores);
  EXPECT_EQ(by_hwloc->cpus.size(), GetParam().threads);
  EXPECT_EQ(by_us->cpus.size(), GetParam().threads);
  EXPECT_EQ(cpu.logical_cores.value_or(0), GetParam().threads);
  EXPECT_EQ(kinds_of(cpu), GetParam().kinds);
  EXPECT_EQ(largest_cache_of(cpu), GetParam().largest_cache);
}

std::string tree_name(const testing::TestParamInfo<RecordedTree>& tree) {
  std::string name = tree.param.archive;
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Machines, RecordedTrees, testing::ValuesIn(k_trees), tree_name);

TEST(RecordedTree, FlagsOfCpuinfoGiveTheIsaWithoutCpuid) {
  const UnpackedArchive archive("machines/20em64t-hybrid-1p6c2t+2ca4co1t.tar.bz2");
  const CpuProfile cpu = probe_cpu(HostView::recorded(archive.root()));
  EXPECT_EQ(cpu.brand.value_or(""), "13th Gen Intel(R) Core(TM) i7-1370P");
  EXPECT_EQ(cpu.isa_level.value_or(0), 3U);
  const auto isa = cpu.isa.value_or({});
  EXPECT_NE(std::find(isa.begin(), isa.end(), "avx_vnni"), isa.end());
}

TEST(RecordedTree, ArmPartsAreNamed) {
  const UnpackedArchive archive("machines/nvidia-dgx-gb10.tar.bz2");
  const CpuProfile cpu = probe_cpu(HostView::recorded(archive.root()));
  EXPECT_EQ(cpu.brand.value_or(""), "Arm Cortex-A725 + Arm Cortex-X925");
  EXPECT_EQ(cpu.vendor.value_or(""), "Arm");
  const auto isa = cpu.isa.value_or({});
  EXPECT_NE(std::find(isa.begin(), isa.end(), "i8mm"), isa.end());
}

TEST(RecordedTree, ServerConsoleIsADisplayAdapterWithoutCompute) {
  const UnpackedArchive archive("machines/40intel64-2g2n4c+pcilocality.tar.bz2");
  const MachineProfile machine = probe_machine(HostView::recorded(archive.root()));
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpus[0].vendor, "Matrox");
  EXPECT_EQ(machine.gpus[0].name.value_or(""), "display adapter, no compute");
}

TEST(RecordedTree, NvidiaCardsBehindTheirDriverAreListed) {
  const UnpackedArchive archive("machines/nvidiagpunumanodes.tar.bz2");
  const MachineProfile machine = probe_machine(HostView::recorded(archive.root()));
  ASSERT_EQ(machine.gpus.size(), 6U);
  EXPECT_EQ(machine.gpus[0].vendor, "NVIDIA");
  EXPECT_EQ(machine.gpus[0].pci_address, "0004:05:00.0");
  // Its memory is a NUMA node: the driver's size, in hexadecimal (0x3f0000000), and no sum with the
  // system's.
  EXPECT_EQ(machine.gpus[0].memory.value(), Bytes(16911433728));
  EXPECT_EQ(machine.gpus[0].memory_kind.value(), DeviceMemoryKind::dedicated);
  EXPECT_EQ(machine.gpus[0].usable_memory.value(), Bytes(16911433728));
}

// A POWER9 with six cards: /proc/meminfo adds the nodes of the cards to those of the processors.
TEST(RecordedTree, MemoryNodesOfCardsAreNotTheSystems) {
  const UnpackedArchive archive("machines/nvidiagpunumanodes.tar.bz2");
  const MachineProfile machine = probe_machine(HostView::recorded(archive.root()));
  constexpr std::uint64_t k_processors = (129839104ULL + 133952000ULL) << 10U;  // nodes 0 and 8
  EXPECT_EQ(machine.memory.total.value(), Bytes(k_processors));
}

TEST(RecordedTree, SameRecordingHasTheSameId) {
  const UnpackedArchive archive("machines/2arm-2c.tar.bz2");
  const UnpackedArchive again("machines/2arm-2c.tar.bz2");
  EXPECT_EQ(probe_machine(HostView::recorded(archive.root())).id,
            probe_machine(HostView::recorded(again.root())).id);
}

TEST(RecordedTree, OtherRecordingHasAnotherId) {
  const UnpackedArchive archive("machines/2arm-2c.tar.bz2");
  const UnpackedArchive other("machines/8em64t-2s2ca2c.tar.bz2");
  EXPECT_NE(probe_machine(HostView::recorded(archive.root())).id,
            probe_machine(HostView::recorded(other.root())).id);
}

TEST(HwlocCpuid, AmxOfSapphireRapidsIsDecoded) {
  const UnpackedArchive archive("cpuid/Intel-SapphireRapids-2xXeonMax9460.tar.bz2");
  const auto dump = read_cpuid_dump(archive.root());
  ASSERT_TRUE(dump) << dump.error().text();
  const MachineTree empty;
  const CpuProfile cpu = probe_cpu(empty.host().with_cpuid(*dump));
  const auto isa = cpu.isa.value_or({});
  for (const char* name : {"amx_tile", "amx_int8", "amx_bf16", "avx512_fp16", "avx512_bf16"}) {
    EXPECT_NE(std::find(isa.begin(), isa.end(), name), isa.end()) << name;
  }
}

struct CpuidFolder {
  const char* archive;
  std::uint32_t packages, cores, threads;
};

class CpuidFolders : public testing::TestWithParam<CpuidFolder> {};

TEST_P(CpuidFolders, CountsAgreeWithHwloc) {
  const UnpackedArchive archive(fmt::format("cpuid/{}.tar.bz2", GetParam().archive));
  const auto dump = read_cpuid_dump(archive.root());
  ASSERT_TRUE(dump) << dump.error().text();
  const MachineTree empty;
  const CpuProfile cpu = probe_cpu(empty.host().with_cpuid(*dump));
  EXPECT_EQ(cpu.packages.value_or(0), GetParam().packages);
  EXPECT_EQ(cpu.physical_cores.value_or(0), GetParam().cores);
  EXPECT_EQ(cpu.logical_cores.value_or(0), GetParam().threads);
}

INSTANTIATE_TEST_SUITE_P(
    Machines, CpuidFolders,
    testing::Values(CpuidFolder{"Intel-SapphireRapids-2xXeonMax9460", 2, 80, 160},
                    CpuidFolder{"Intel-RaptorLake-Corei7-1370P", 1, 14, 20},
                    CpuidFolder{"Intel-KnightsLanding-XeonPhi-7210", 1, 64, 256},
                    CpuidFolder{"AMD-1Ah-Zen5StrixPoint-RyzenAI9HX370", 1, 12, 24},
                    CpuidFolder{"AMD-17h-Zen-2xEpyc-7451", 2, 48, 96},
                    CpuidFolder{"AMD-19h-Zen4-2xEpyc-9654", 2, 192, 384},
                    CpuidFolder{"Zhaoxin-CentaurHauls-ZXD-4600", 1, 8, 8}));

}  // namespace
}  // namespace assay
