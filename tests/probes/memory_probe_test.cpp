#include "probes/memory/memory_probe.hpp"
#include "probes/cpu/usable_cpus.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/probe.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr std::string_view k_meminfo =
    "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\n"
    "SwapTotal:       2000000 kB\n";
constexpr std::string_view k_unified_mount =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

/// A machine with cgroup version 2 and the process in /a/b.
MachineTree nested_groups() {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo)
      .file("/proc/self/cgroup", "0::/a/b\n")
      .file("/proc/self/mountinfo", k_unified_mount)
      .directory("/sys/fs/cgroup/a/b");
  return tree;
}

const Fact<std::uint32_t> k_eight_cpus = Fact<std::uint32_t>::known(8, "hwloc");

TEST(MemoryProbe, ReadsTotalAvailableAndSwap) {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo);
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.total.value(), Bytes(16000000ULL * 1024));
  EXPECT_EQ(memory.available.value(), Bytes(12000000ULL * 1024));
  EXPECT_EQ(memory.swap_total.value(), Bytes(2000000ULL * 1024));
}

TEST(MemoryProbe, ReportsUnknownWhenProcIsMissing) {
  const MachineTree tree;
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.total.state(), FactState::unknown);
  EXPECT_THAT(memory.total.reason(), HasSubstr("/proc/meminfo"));
}

TEST(MemoryProbe, ReportsUnknownWhenMeminfoIsADirectory) {
  MachineTree tree;
  tree.directory("/proc/meminfo");
  EXPECT_EQ(probe_memory(tree.host()).total.state(), FactState::unknown);
}

TEST(MemoryProbe, RefusesAnAbsurdMeminfo) {
  MachineTree tree;
  tree.file("/proc/meminfo", "MemTotal: 99999999999999999999999 kB\n");
  EXPECT_EQ(probe_memory(tree.host()).total.state(), FactState::unknown);
}

TEST(MemoryProbe, AnAncestorsLimitBinds) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/memory.max", "max\n")
      .file("/sys/fs/cgroup/a/memory.max", "4294967296\n")
      .file("/sys/fs/cgroup/a/memory.current", "1073741824\n");
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.limit.value(), gibibytes(4));
  EXPECT_EQ(memory.limit.source(), "/sys/fs/cgroup/a/memory.max");
  EXPECT_EQ(memory.limit_headroom.value(), gibibytes(3));
}

TEST(MemoryProbe, TheTightestOfNestedLimitsCounts) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/memory.max", "2147483648\n")
      .file("/sys/fs/cgroup/a/b/memory.current", "0\n")
      .file("/sys/fs/cgroup/a/memory.max", "4294967296\n")
      .file("/sys/fs/cgroup/a/memory.current", "4026531840\n");  // a neighbour uses 3.75 GiB
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.limit.value(), gibibytes(2));
  EXPECT_EQ(memory.limit_headroom.value(), mebibytes(256));
}

TEST(MemoryProbe, ReclaimableCacheCountsAsFree) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/memory.max", "4294967296\n")
      .file("/sys/fs/cgroup/a/b/memory.current", "3221225472\n")
      .file("/sys/fs/cgroup/a/b/memory.stat", "anon 1073741824\ninactive_file 2147483648\n");
  EXPECT_EQ(probe_memory(tree.host()).limit_headroom.value(), gibibytes(3));
}

TEST(MemoryProbe, TheHighMarkIsALimitToo) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/memory.max", "max\n")
      .file("/sys/fs/cgroup/a/b/memory.high", "1073741824\n")
      .file("/sys/fs/cgroup/a/b/memory.current", "0\n");
  EXPECT_EQ(probe_memory(tree.host()).limit.value(), gibibytes(1));
}

TEST(MemoryProbe, NoLimitAtAnyLevelIsAbsent) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(probe_memory(tree.host()).limit.state(), FactState::absent);
}

TEST(MemoryProbe, AnUnreadableLimitIsUnknownNotAbsent) {
  MachineTree tree = nested_groups();
  tree.directory("/sys/fs/cgroup/a/b/memory.max");  // reading it fails, for root too
  EXPECT_EQ(probe_memory(tree.host()).limit.state(), FactState::unknown);
}

TEST(MemoryProbe, WithoutCgroupsTheLimitIsUnknown) {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo);
  EXPECT_EQ(probe_memory(tree.host()).limit.state(), FactState::unknown);
}

TEST(MemoryProbe, VersionOneLimitOfAnAncestorBinds) {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo)
      .file("/proc/self/cgroup", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n")
      .file("/proc/self/mountinfo",
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
      .file("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "9223372036854771712\n")
      .file("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "2147483648\n")
      .file("/sys/fs/cgroup/memory/docker/memory.usage_in_bytes", "1073741824\n")
      .file("/sys/fs/cgroup/memory/docker/memory.stat", "total_inactive_file 536870912\n");
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.limit.value(), gibibytes(2));
  EXPECT_EQ(memory.limit_headroom.value(), mebibytes(1536));
}

TEST(MemoryProbe, VersionOneTellsTheLimitOfAncestorsThatAContainerDoesNotSee) {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo)
      .file("/proc/self/cgroup", "4:memory:/kubepods/pod/x\n")
      .file("/proc/self/mountinfo",
            "35 31 0:32 /kubepods/pod/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
      .file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
      .file("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824\n")
      .file("/sys/fs/cgroup/memory/memory.stat",
            "total_inactive_file 0\nhierarchical_memory_limit 2147483648\n");
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.limit.value_or(Bytes()), gibibytes(2));
  EXPECT_EQ(memory.limit_headroom.value_or(Bytes()), gibibytes(1));
  EXPECT_THAT(memory.limit.source(), HasSubstr("hierarchical_memory_limit"));
}

TEST(MemoryProbe, HybridMountsReadMemoryFromVersionOne) {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo)
      .file("/proc/self/cgroup", "4:memory:/job\n0::/\n")
      .file("/proc/self/mountinfo",
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n")
      .directory("/sys/fs/cgroup/unified")
      .file("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "3221225472\n")
      .file("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(probe_memory(tree.host()).limit.value(), gibibytes(3));
}

TEST(MemoryProbe, AContainersMountedSubtreeIsFound) {
  MachineTree tree;
  tree.file("/proc/meminfo", k_meminfo)
      .file("/proc/self/cgroup", "4:memory:/docker/x\n")
      .file("/proc/self/mountinfo",
            "35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
      .file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n")
      .file("/sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(probe_memory(tree.host()).limit.value(), gibibytes(1));
}

TEST(MemoryProbe, PressureIsTheShareOfTheLastTenSeconds) {
  MachineTree tree;
  tree.file("/proc/pressure/memory",
            "some avg10=12.50 avg60=1.00 avg300=0.10 total=99\nfull avg10=1.00 avg60=0 total=9\n");
  EXPECT_DOUBLE_EQ(probe_memory(tree.host()).pressure_avg10.value_or(0), 12.5);
}

TEST(MemoryProbe, FullPressureIsReadFromTheSecondLine) {
  MachineTree tree;
  tree.file("/proc/pressure/memory",
            "some avg10=12.50 avg60=1.00 avg300=0.10 total=99\nfull avg10=1.25 avg60=0 total=9\n");
  EXPECT_DOUBLE_EQ(probe_memory(tree.host()).full_pressure_avg10.value_or(0), 1.25);
}

TEST(MemoryProbe, APressureBeyondAHundredPercentIsUnknown) {
  MachineTree tree;
  tree.file("/proc/pressure/memory", "some avg10=1e9 avg60=1.00 total=99\n");
  EXPECT_EQ(probe_memory(tree.host()).pressure_avg10.state(), FactState::unknown);
}

TEST(MemoryProbe, SwapThatIsCompressedMemoryIsNamed) {
  MachineTree tree;
  tree.file("/sys/block/zram0/disksize", "8589934592\n")
      .file("/sys/block/zram1/disksize", "0\n")
      .directory("/sys/block/nvme0n1")
      .file("/sys/module/zswap/parameters/enabled", "Y\n");
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_EQ(memory.zram.value_or(Bytes()), gibibytes(8));
  EXPECT_TRUE(memory.zswap_enabled.value_or(false));
}

TEST(MemoryProbe, WithoutZramDevicesThereIsNone) {
  MachineTree tree;
  tree.directory("/sys/block/sda");
  EXPECT_EQ(probe_memory(tree.host()).zram.state(), FactState::absent);
}

TEST(MemoryProbe, HugePagesAreReadByMode) {
  MachineTree tree;
  tree.file("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  EXPECT_EQ(probe_memory(tree.host()).transparent_huge_pages.value_or(""), "madvise");
}

TEST(MemoryProbe, HugePagePoolsAreListedBySize) {
  MachineTree tree;
  const std::string folder = "/sys/kernel/mm/hugepages/hugepages-";
  tree.file(folder + "1048576kB/nr_hugepages", "4\n")
      .file(folder + "1048576kB/free_hugepages", "3\n")
      .file(folder + "2048kB/nr_hugepages", "512\n")
      .file(folder + "2048kB/free_hugepages", "512\n")
      .file(folder + "nonsense/nr_hugepages", "1\n");
  const auto pools = probe_memory(tree.host()).huge_page_pools.value_or({});
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(pools[0].page_bytes, mebibytes(2));
  EXPECT_EQ(pools[0].pages, 512U);
  EXPECT_EQ(pools[1].page_bytes, gibibytes(1));
  EXPECT_EQ(pools[1].free_pages, 3U);
}

TEST(MemoryProbe, OvercommitIsNamed) {
  MachineTree tree;
  tree.file("/proc/sys/vm/overcommit_memory", "2\n");
  EXPECT_EQ(probe_memory(tree.host()).overcommit.value_or(""), "never");
}

TEST(MemoryProbe, AnUnknownOvercommitModeIsUnknown) {
  MachineTree tree;
  tree.file("/proc/sys/vm/overcommit_memory", "7\n");
  EXPECT_EQ(probe_memory(tree.host()).overcommit.state(), FactState::unknown);
}

TEST(MemoryProbe, TheLockLimitIsOfTheLiveProcessOnly) {
  const MachineTree tree;
  EXPECT_EQ(probe_memory(tree.host()).lock_limit.state(), FactState::unknown);
  EXPECT_NE(probe_memory(HostView::live()).lock_limit.state(), FactState::unknown);
}

TEST(UsableMemory, IsUnknownWhenFreeMemoryIsAndThereIsNoLimit) {
  MachineProfile machine;
  machine.memory.available = Fact<Bytes>::unknown("/proc/meminfo: no such file");
  machine.memory.limit_headroom = Fact<Bytes>::absent("there is no limit");
  EXPECT_EQ(machine.usable_memory().reason(), "/proc/meminfo: no such file");
}

TEST(UsableMemory, IsTheLessOfFreeMemoryAndHeadroom) {
  MachineProfile machine;
  machine.memory.available = Fact<Bytes>::known(gibibytes(8), "");
  machine.memory.limit_headroom = Fact<Bytes>::known(gibibytes(3), "");
  EXPECT_EQ(machine.usable_memory().value(), gibibytes(3));
}

TEST(UsableCpus, AQuotaOfTwoAndAHalfKeepsTwoThreadsBusy) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/cpu.max", "250000 100000\n");
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).value(), 2U);
}

TEST(UsableCpus, AQuotaBelowOneStillRunsOneThread) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).value(), 1U);
}

TEST(UsableCpus, AnAncestorsQuotaBinds) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
      .file("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).value(), 4U);
}

TEST(UsableCpus, VersionOneQuotaIsRead) {
  MachineTree tree;
  tree.file("/proc/self/cgroup", "1:cpu,cpuacct:/job\n")
      .file("/proc/self/mountinfo",
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n")
      .file("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n")
      .file("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).value(), 3U);
}

TEST(UsableCpus, TheCpusetLimitsThem) {
  MachineTree tree = nested_groups();
  tree.file("/sys/fs/cgroup/a/b/cpuset.cpus.effective", "0-2,6\n");
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).value(), 4U);
}

TEST(UsableCpus, TheRecordedAffinityLimitsThem) {
  MachineTree tree;
  tree.file("/proc/self/status", "Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n");
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).value(), 2U);
}

TEST(OneCpuOfEachCore, IsTheFirstThatTheProcessMayUse) {
  MachineTree tree;
  tree.file("/proc/self/status", "Cpus_allowed_list:\t1-4\n")
      .file("/sys/devices/system/cpu/online", "0-5\n");
  const std::vector<std::string> siblings{"0-1", "0-1", "2-3", "2-3", "4", "5"};
  for (std::size_t cpu = 0; cpu < siblings.size(); ++cpu) {
    tree.file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu),
              siblings[cpu] + "\n");
  }
  EXPECT_EQ(one_cpu_of_each_core(tree.host()), (std::vector<unsigned>{1, 2, 4}));
}

TEST(OneCpuOfEachCore, IsNoneWithoutTopology) {
  const MachineTree tree;
  EXPECT_TRUE(one_cpu_of_each_core(tree.host()).empty());
}

TEST(UsableCpus, UnknownWhenNothingIsRecorded) {
  const MachineTree tree;
  EXPECT_EQ(probe_usable_cpus(tree.host(), k_eight_cpus).state(), FactState::unknown);
}

}  // namespace
}  // namespace assay
