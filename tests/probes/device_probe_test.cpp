// GPUs and NPUs of hand-made trees: no recording of an NPU or of Intel graphics is published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/gpu/gpu_probe.hpp"
#include "probes/npu/npu_probe.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/pci_tree.hpp"

namespace assay {
namespace {

MachineProfile gpus_of(const MachineTree& tree) {
  MachineProfile machine;
  probe_gpus(tree.host(), machine);
  return machine;
}

MachineProfile npus_of(const MachineTree& tree) {
  MachineProfile machine;
  probe_npus(tree.host(), machine);
  return machine;
}

TEST(GpuProbe, AnAmdCardHasMemoryOfItsOwn) {
  MachineTree tree;
  add_pci(tree, "0000:03:00.0", "0x030000", "0x1002", "0x73bf", "amdgpu");
  tree.file("/sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total", "17163091968\n")
      .file("/sys/bus/pci/devices/0000:03:00.0/mem_info_gtt_total", "8589934592\n")
      .file("/sys/bus/pci/devices/0000:03:00.0/mem_info_vram_vendor", "samsung\n");
  const MachineProfile machine = gpus_of(tree);
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpus[0].vendor, "AMD");
  EXPECT_EQ(machine.gpus[0].driver.value_or(""), "amdgpu");
  EXPECT_EQ(machine.gpus[0].memory.value(), Bytes(17163091968));
  EXPECT_EQ(machine.gpus[0].memory_kind.value(), DeviceMemoryKind::dedicated);
}

TEST(GpuProbe, ACarveOutAndALoanAreNeverAdded) {
  MachineTree tree;  // Strix Halo with 96 GiB carved out: only the device id tells
  add_pci(tree, "0000:c5:00.0", "0x030000", "0x1002", "0x1586", "amdgpu");
  tree.file("/sys/bus/pci/devices/0000:c5:00.0/mem_info_vram_total", "103079215104\n")
      .file("/sys/bus/pci/devices/0000:c5:00.0/mem_info_gtt_total", "16106127360\n");
  const MachineProfile machine = gpus_of(tree);
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpus[0].memory_kind.value(), DeviceMemoryKind::unified);
  EXPECT_EQ(machine.gpus[0].memory.value(), Bytes(103079215104));
  EXPECT_EQ(machine.gpus[0].shared_memory.value(), Bytes(16106127360));
}

TEST(GpuProbe, AnUnknownAmdPartWithASmallCarveOutIsUnified) {
  MachineTree tree;
  add_pci(tree, "0000:04:00.0", "0x030000", "0x1002", "0xfff0", "amdgpu");
  tree.file("/sys/bus/pci/devices/0000:04:00.0/mem_info_vram_total", "536870912\n")
      .file("/sys/bus/pci/devices/0000:04:00.0/mem_info_gtt_total", "16106127360\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).memory_kind.value(), DeviceMemoryKind::unified);
}

TEST(GpuProbe, IntelGraphicsUseTheSystemsMemory) {
  MachineTree tree;
  add_pci(tree, "0000:00:02.0", "0x030000", "0x8086", "0x46a6", "i915");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.memory.state(), FactState::absent);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::shared);
}

TEST(GpuProbe, TheMemoryOfAnIntelCardIsUnknown) {
  MachineTree tree;
  add_pci(tree, "0000:03:00.0", "0x030000", "0x8086", "0x56a0", "xe");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.memory.state(), FactState::unknown);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
}

TEST(GpuProbe, TheNvidiaDriverNamesItsCards) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030000", "0x10de", "0x1e81", "nvidia");
  tree.file("/proc/driver/nvidia/gpus/0000:01:00.0/information",
            "Model: \t\t NVIDIA GeForce RTX 2080 SUPER\nIRQ:   \t\t 88\n");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.name.value_or(""), "NVIDIA GeForce RTX 2080 SUPER");
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
  EXPECT_EQ(gpu.memory.state(), FactState::unknown);
}

TEST(GpuProbe, NvidiasIntegratedPartsShareMemory) {
  MachineTree tree;
  add_pci(tree, "000f:01:00.0", "0x030000", "0x10de", "0x2e12", "nvidia");
  tree.file("/proc/driver/nvidia/gpus/000f:01:00.0/information", "Model: NVIDIA GB10\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).memory_kind.value(), DeviceMemoryKind::unified);
}

TEST(GpuProbe, TheMachinesOwnPciIdsNameADevice) {
  MachineTree tree;
  add_pci(tree, "0000:00:02.0", "0x030000", "0x8086", "0x46a6", "i915");
  tree.file("/usr/share/misc/pci.ids",
            "1002  AMD\n\t46a6  Not this one\n8086  Intel Corporation\n"
            "\t46a6  Alder Lake-P GT2 [Iris Xe Graphics]\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).name.value_or(""), "Alder Lake-P GT2 [Iris Xe Graphics]");
}

TEST(GpuProbe, ComputeUnitsComeFromTheComputeDriver) {
  MachineTree tree;
  add_pci(tree, "0000:06:00.0", "0x038000", "0x1002", "0x6860", "amdgpu");
  tree.file("/sys/class/kfd/kfd/topology/nodes/1/properties",
            "simd_count 256\nsimd_per_cu 4\nlocation_id 1536\ndomain 0\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).compute_units.value_or(0), 64U);
}

TEST(GpuProbe, ACardWithoutDriverIsListed) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030200", "0x10de", "0x20b0", "");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).driver.state(), FactState::absent);
}

TEST(GpuProbe, AMachineWithAPciBusAndNoGpuHasNone) {
  MachineTree tree;
  add_pci(tree, "0000:00:00.0", "0x060000", "0x8086", "0x1237", "");
  EXPECT_EQ(gpus_of(tree).gpu_count.value(), 0U);
}

TEST(GpuProbe, ARecordingWithoutABusSaysNothingOfGpus) {
  const MachineTree tree;
  EXPECT_EQ(gpus_of(tree).gpu_count.state(), FactState::unknown);
}

TEST(GpuProbe, ABrokenSizeIsUnknown) {
  MachineTree tree;
  add_pci(tree, "0000:03:00.0", "0x030000", "0x1002", "0x73bf", "amdgpu");
  tree.file("/sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total", "lots\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).memory.state(), FactState::unknown);
}

TEST(NpuProbe, AnIntelNpuHasDriverAndNode) {
  MachineTree tree;
  add_pci(tree, "0000:00:0b.0", "0x120000", "0x8086", "0x7d1d", "intel_vpu");
  tree.link("/sys/class/accel/accel0/device", "../../../devices/pci0000:00/0000:00:0b.0");
  const MachineProfile machine = npus_of(tree);
  ASSERT_EQ(machine.npus.size(), 1U);
  EXPECT_EQ(machine.npus[0].name, "Intel NPU (Meteor Lake)");
  EXPECT_EQ(machine.npus[0].driver.value_or(""), "intel_vpu");
  EXPECT_EQ(machine.npus[0].device_node.value_or(""), "/dev/accel/accel0");
  EXPECT_DOUBLE_EQ(machine.npus[0].tops_high.value_or(0), 11.5);
}

TEST(NpuProbe, AnAmdNpuIsASignalProcessorWithARevision) {
  MachineTree tree;  // class 0x1180: lists that keep "important" devices only drop it
  add_pci(tree, "0000:c4:00.1", "0x118000", "0x1022", "0x17f0", "");
  tree.file("/sys/bus/pci/devices/0000:c4:00.1/revision", "0x20\n");
  const MachineProfile machine = npus_of(tree);
  ASSERT_EQ(machine.npus.size(), 1U);
  EXPECT_EQ(machine.npus[0].name, "AMD XDNA 2 (Krackan Point)");
  EXPECT_EQ(machine.npus[0].driver.state(), FactState::absent);
  EXPECT_EQ(machine.npus[0].device_node.state(), FactState::absent);
}

TEST(NpuProbe, APartWithSeveralProductsHasARange) {
  MachineTree tree;
  add_pci(tree, "0000:05:00.1", "0x118000", "0x1022", "0x1502", "amdxdna");
  const NpuProfile npu = npus_of(tree).npus.at(0);
  EXPECT_DOUBLE_EQ(npu.tops_low.value_or(0), 10);
  EXPECT_DOUBLE_EQ(npu.tops_high.value_or(0), 16);
}

TEST(NpuProbe, APartWithoutPublishedPeakHasNone) {
  MachineTree tree;
  add_pci(tree, "0000:00:0b.0", "0x120000", "0x8086", "0xd71d", "intel_vpu");
  EXPECT_EQ(npus_of(tree).npus.at(0).tops_high.state(), FactState::unknown);
}

TEST(NpuProbe, AnAcceleratorWithoutPciIsNamedByItsDriver) {
  MachineTree tree;
  tree.directory("/sys/devices/platform/fdab0000.npu")
      .link("/sys/devices/platform/fdab0000.npu/driver", "../../../bus/platform/drivers/rocket")
      .link("/sys/class/accel/accel0/device", "../../../devices/platform/fdab0000.npu");
  const MachineProfile machine = npus_of(tree);
  ASSERT_EQ(machine.npus.size(), 1U);
  EXPECT_EQ(machine.npus[0].name, "rocket accelerator");
}

TEST(NpuProbe, ARecordingWithoutABusSaysNothingOfNpus) {
  const MachineTree tree;
  EXPECT_EQ(npus_of(tree).npu_count.state(), FactState::unknown);
}

}  // namespace
}  // namespace assay
