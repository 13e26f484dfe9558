#include "probes/cpu_groups.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/probes/machine_tree.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

/// A processor of so many cores without SMT.
MachineTree cores_tree(unsigned cores) {
  MachineTree tree;
  for (unsigned cpu = 0; cpu < cores; ++cpu) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}/topology", cpu);
    tree.file(folder + "/core_id", fmt::format("{}\n", cpu))
        .file(folder + "/physical_package_id", "0\n")
        .file(folder + "/thread_siblings_list", fmt::format("{}\n", cpu))
        .file(folder + "/core_cpus_list", fmt::format("{}\n", cpu));
  }
  tree.file("/sys/devices/system/cpu/online", fmt::format("0-{}\n", cores - 1));
  return tree;
}

TEST(CpuGroups, ARecordedMachineOfTwoKindsHasOneCpuOfEachCoreByKind) {
  const UnpackedArchive archive("machines/nvidia-dgx-gb10.tar.bz2");
  const auto groups = cores_by_kind(HostView::recorded(archive.root()));
  std::vector<std::pair<std::string, std::size_t>> sizes;
  for (const CpuGroup& group : groups) sizes.emplace_back(group.name, group.cpus.size());
  EXPECT_THAT(sizes, UnorderedElementsAre(Pair("performance", 10), Pair("efficiency", 10)));
}

TEST(CpuGroups, AMachineOfOneKindHasNone) {
  EXPECT_TRUE(cores_by_kind(cores_tree(4).host()).empty());
}

TEST(CpuGroups, NodesHaveTheirCoresInTheOrderOfTheirNumbers) {
  MachineTree tree = cores_tree(6);
  tree.file("/sys/devices/system/node/node10/cpulist", "4-5\n")
      .file("/sys/devices/system/node/node2/cpulist", "0-3\n")
      .file("/sys/devices/system/node/node11/cpulist", "\n")  // memory alone
      .file("/sys/devices/system/node/online", "2,10-11\n");
  const auto groups = cores_by_node(tree.host());
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].name, "node 2");
  EXPECT_THAT(groups[0].cpus, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(groups[1].name, "node 10");
}

TEST(CpuGroups, AMachineOfOneNodeHasNone) {
  MachineTree tree = cores_tree(2);
  tree.file("/sys/devices/system/node/node0/cpulist", "0-1\n");
  EXPECT_TRUE(cores_by_node(tree.host()).empty());
}

TEST(CpuGroups, GarbageIsPassedOver) {
  MachineTree tree = cores_tree(2);
  tree.file("/sys/devices/system/node/node0/cpulist", "0-99999999999\n")
      .file("/sys/devices/system/node/nodeX/cpulist", "0\n");
  EXPECT_TRUE(cores_by_node(tree.host()).empty());
}

}  // namespace
}  // namespace assay
