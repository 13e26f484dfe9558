// What drivers show of GPUs in files, by recordings and by hand-made trees: no recording of i915,
// xe or a part with a large carve-out is published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <vector>

#include "probes/gpu/drm_regions.hpp"
#include "probes/gpu/gpu_probe.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/pci_tree.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t k_gigabyte = 1'000'000'000;

MachineProfile gpus_of(const MachineTree& tree) {
  MachineProfile machine;
  probe_gpus(tree.host(), machine);
  return machine;
}

/// Unpacks a recording of a part of the machine into its place.
void add_recording(MachineTree& tree, const std::string& fixture, std::string_view place) {
  tree.directory(place);
  const auto archive = std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / fixture;
  const std::string command =
      "tar --no-same-owner -xf '" + archive.string() + "' -C '" + tree.at(place).string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
}

// Recorded: ROCm/k8s-device-plugin, testdata.
TEST(RecordedKfd, Mi25HasItsUnitsMemoryAndBandwidth) {
  MachineTree tree;
  add_pci(tree, "0000:19:00.0", "0x038000", "0x1002", "0x6860", "amdgpu");
  add_recording(tree, "devices/kfd-1xMI25-plus-copy.tar.gz", "/sys/class/kfd/kfd");
  std::filesystem::remove_all(tree.at("/sys/class/kfd/kfd/topology/nodes/2"));  // a copy of node 1
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.compute_units.value_or(0), 64U);
  EXPECT_EQ(gpu.memory.value(), Bytes(17163091968));
  EXPECT_EQ(gpu.memory_bus_bits.value_or(0), 2048U);
  EXPECT_DOUBLE_EQ(gpu.theoretical_bandwidth_bytes_per_second.value_or(0), 483.84e9);
  EXPECT_THAT(gpu.theoretical_bandwidth_bytes_per_second.source(), HasSubstr("clock x 2"));
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
  EXPECT_EQ(gpu.usable_memory.value(), Bytes(17163091968));
  EXPECT_FALSE(gpu.partitions.is_known());
}

TEST(RecordedKfd, NodesOfOnePciDeviceAreOneGpu) {
  MachineTree tree;  // as a partitioned part shows itself: two nodes at one address
  add_pci(tree, "0000:19:00.0", "0x120000", "0x1002", "0x74a1", "amdgpu");
  add_recording(tree, "devices/kfd-1xMI25-plus-copy.tar.gz", "/sys/class/kfd/kfd");
  tree.file("/sys/bus/pci/devices/0000:19:00.0/current_compute_partition", "CPX\n");
  const MachineProfile machine = gpus_of(tree);
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpu_count.value(), 1U);
  EXPECT_EQ(machine.gpus[0].compute_units.value_or(0), 128U);
  EXPECT_EQ(machine.gpus[0].partitions.value_or(0), 2U);
  EXPECT_EQ(machine.gpus[0].partition_mode.value_or(""), "CPX");
  // The memory of both nodes, at the bandwidth of one device.
  EXPECT_EQ(machine.gpus[0].memory.value(), Bytes(2 * 17163091968));
  EXPECT_DOUBLE_EQ(machine.gpus[0].theoretical_bandwidth_bytes_per_second.value_or(0), 483.84e9);
}

TEST(RecordedKfd, Mi210IsNamedByItsArchitecture) {
  MachineTree tree;
  add_pci(tree, "0000:63:00.0", "0x038000", "0x1002", "0x740f", "amdgpu");
  add_recording(tree, "devices/kfd-mi210-xgmi.tar.gz", "/sys/class/kfd/kfd");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.architecture.value_or(""), "gfx90a");
  EXPECT_EQ(gpu.compute_units.value_or(0), 104U);
  EXPECT_DOUBLE_EQ(gpu.max_clock_hertz.value_or(0), 1700e6);
  // This recording lacks the memory banks.
  EXPECT_FALSE(gpu.memory.is_known());
  EXPECT_FALSE(gpu.usable_memory.is_known());
}

// Recorded: prometheus/procfs, testdata.
TEST(RecordedAmdgpu, AVegaShowsMemoryClocksAndLink) {
  MachineTree tree;
  add_recording(tree, "machines/procfs-mixed.tar.gz", "/");
  const MachineProfile machine = gpus_of(tree);
  ASSERT_EQ(machine.gpus.size(), 1U);
  const GpuProfile& gpu = machine.gpus[0];
  EXPECT_EQ(gpu.pci_address, "0000:09:00.0");
  EXPECT_EQ(gpu.device_id, 0x687f);
  EXPECT_EQ(gpu.memory.value(), Bytes(8573157376));
  EXPECT_EQ(gpu.memory_used.value(), Bytes(1490378752));
  EXPECT_EQ(gpu.usable_memory.value(), Bytes(8573157376 - 1490378752));
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
  EXPECT_DOUBLE_EQ(gpu.memory_clock_hertz.value_or(0), 945e6);
  EXPECT_DOUBLE_EQ(gpu.max_clock_hertz.value_or(0), 1630e6);
  EXPECT_DOUBLE_EQ(gpu.max_pcie_transfers_per_second.value_or(0), 8e9);
  EXPECT_EQ(gpu.pcie_width.value_or(0), 16U);
}

TEST(UsableGpuMemory, OfALargeCarveOutIsBelowTheMachinesMemory) {
  MachineTree tree;  // Strix Halo: 128 GB, of which 96 GiB carved out; heaps "add up" to 201
  add_pci(tree, "0000:c5:00.0", "0x030000", "0x1002", "0x1586", "amdgpu");
  add_meminfo(tree, 31, 28);
  const std::string folder = "/sys/bus/pci/devices/0000:c5:00.0";
  tree.file(folder + "/mem_info_vram_total", std::to_string(96ULL << 30U))
      .file(folder + "/mem_info_gtt_total", std::to_string(105ULL << 30U));
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::unified);
  EXPECT_EQ(gpu.usable_memory.value(), gibibytes(96 + 28));
  EXPECT_LT(gpu.usable_memory.value(), Bytes(137 * k_gigabyte));
}

TEST(UsableGpuMemory, OfASmallCarveOutIsBoundByWhatTheDriverLends) {
  MachineTree tree;
  add_pci(tree, "0000:04:00.0", "0x030000", "0x1002", "0x15bf", "amdgpu");
  add_meminfo(tree, 31, 24);
  const std::string folder = "/sys/bus/pci/devices/0000:04:00.0";
  tree.file(folder + "/mem_info_vram_total", std::to_string(512ULL << 20U))
      .file(folder + "/mem_info_gtt_total", std::to_string(16ULL << 30U));
  EXPECT_EQ(gpus_of(tree).gpus.at(0).usable_memory.value(), mebibytes(16384 + 512));
}

TEST(UsableGpuMemory, IsBoundByTheKernelsLimitOnLending) {
  MachineTree tree;
  add_pci(tree, "0000:04:00.0", "0x030000", "0x1002", "0x15bf", "amdgpu");
  add_meminfo(tree, 31, 24);
  const std::string folder = "/sys/bus/pci/devices/0000:04:00.0";
  tree.file(folder + "/mem_info_vram_total", std::to_string(512ULL << 20U))
      .file(folder + "/mem_info_gtt_total", std::to_string(16ULL << 30U))
      .file("/sys/module/ttm/parameters/pages_limit", std::to_string((8ULL << 30U) / 4096));
  EXPECT_EQ(gpus_of(tree).gpus.at(0).usable_memory.value(), mebibytes(8192 + 512));
}

TEST(UsableGpuMemory, IsUnknownWithoutTheSystemsMemory) {
  MachineTree tree;
  add_pci(tree, "0000:04:00.0", "0x030000", "0x1002", "0x15bf", "amdgpu");
  tree.file("/sys/bus/pci/devices/0000:04:00.0/mem_info_vram_total", "536870912");
  EXPECT_FALSE(gpus_of(tree).gpus.at(0).usable_memory.is_known());
}

TEST(UsableGpuMemory, OfIntegratedNvidiaIsTheSystems) {
  MachineTree tree;  // a GB10 without NVML
  add_pci(tree, "000f:01:00.0", "0x030000", "0x10de", "0x2e12", "nvidia");
  add_meminfo(tree, 119, 110);
  tree.file("/proc/driver/nvidia/gpus/000f:01:00.0/information", "Model: NVIDIA GB10\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).usable_memory.value(), gibibytes(110));
}

TEST(IntelGpu, I915ShowsItsClock) {
  MachineTree tree;
  add_pci(tree, "0000:00:02.0", "0x030000", "0x8086", "0x46a6", "i915");
  add_meminfo(tree, 16, 10);
  tree.file("/sys/bus/pci/devices/0000:00:02.0/drm/card0/gt_max_freq_mhz", "1400\n");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_DOUBLE_EQ(gpu.max_clock_hertz.value_or(0), 1400e6);
  EXPECT_EQ(gpu.usable_memory.value(), gibibytes(10));
}

TEST(IntelGpu, XeShowsTheClocksOfItsTiles) {
  MachineTree tree;
  add_pci(tree, "0000:03:00.0", "0x030000", "0x8086", "0xe20b", "xe");
  const std::string tile = "/sys/bus/pci/devices/0000:03:00.0/tile0";
  tree.file(tile + "/gt0/freq0/rp0_freq", "2850\n")
      .file(tile + "/gt1/freq0/rp0_freq", "1500\n")
      .file(tile + "/memory/freq0/max_freq", "9500\n");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_DOUBLE_EQ(gpu.max_clock_hertz.value_or(0), 2850e6);
  EXPECT_DOUBLE_EQ(gpu.memory_clock_hertz.value_or(0), 9500e6);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
}

TEST(GpuProbe, TellsTheLinkAndItsMaximum) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030000", "0x10de", "0x1e81", "nvidia");
  const std::string folder = "/sys/bus/pci/devices/0000:01:00.0";
  tree.file(folder + "/current_link_speed", "2.5 GT/s PCIe\n")
      .file(folder + "/current_link_width", "8\n")
      .file(folder + "/max_link_speed", "16.0 GT/s PCIe\n")
      .file(folder + "/max_link_width", "16\n");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_DOUBLE_EQ(gpu.pcie_transfers_per_second.value_or(0), 2.5e9);
  EXPECT_THAT(gpu.pcie_transfers_per_second.source(), HasSubstr("idle link"));
  EXPECT_EQ(gpu.pcie_width.value_or(0), 8U);
  EXPECT_DOUBLE_EQ(gpu.max_pcie_transfers_per_second.value_or(0), 16e9);
  EXPECT_EQ(gpu.max_pcie_width.value_or(0), 16U);
}

TEST(GpuProbe, ABrokenLinkIsUnknown) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030000", "0x10de", "0x1e81", "nvidia");
  const std::string folder = "/sys/bus/pci/devices/0000:01:00.0";
  tree.file(folder + "/current_link_speed", "Unknown\n")
      .file(folder + "/max_link_speed", "1e300 GT/s\n")
      .file(folder + "/current_link_width", "255\n");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_FALSE(gpu.pcie_transfers_per_second.is_known());
  EXPECT_FALSE(gpu.max_pcie_transfers_per_second.is_known());
  EXPECT_FALSE(gpu.pcie_width.is_known());
}

TEST(GpuProbe, AVirtualAdapterHasNoMemoryForModels) {
  MachineTree tree;
  add_pci(tree, "0000:00:01.0", "0x030000", "0x1234", "0x1111", "bochs-drm");
  add_meminfo(tree, 16, 12);
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.name.value_or(""), k_display_adapter_name);
  EXPECT_FALSE(gpu.usable_memory.is_known());
}

TEST(GpuProbe, AnNvidiaCardWithoutDriverIsNotUsable) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030200", "0x10de", "0x20b0", "");
  const GpuProfile gpu = gpus_of(tree).gpus.at(0);
  EXPECT_EQ(gpu.driver.state(), FactState::absent);
  EXPECT_EQ(gpu.device_class.value_or(""), "3D controller");
  EXPECT_FALSE(gpu.usable_memory.is_known());
}

TEST(GpuProbe, TheNvidiaDriverTellsItsVersion) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030000", "0x10de", "0x1e81", "nvidia");
  tree.file("/proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  590.48.01  Release Build\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).driver_version.value_or(""), "590.48.01");
}

TEST(GpuProbe, AWideNameIsNotAnIntegratedPart) {
  MachineTree tree;
  add_pci(tree, "0000:01:00.0", "0x030000", "0x10de", "0x2901", "nvidia");
  tree.file("/proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: NVIDIA GB100\n");
  EXPECT_EQ(gpus_of(tree).gpus.at(0).memory_kind.value(), DeviceMemoryKind::dedicated);
}

/// Bytes of a kernel driver's answer, field by field.
class AnswerBytes {
 public:
  explicit AnswerBytes(std::size_t size) : bytes_(size) {}
  template <typename T>
  AnswerBytes& put(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    return *this;
  }
  [[nodiscard]] std::span<const std::byte> all() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

TEST(DrmRegions, AnXeCardHasVideoMemory) {
  AnswerBytes answer(8 + 2 * 88);
  answer.put<std::uint32_t>(0, 2).put<std::uint64_t>(8 + 8, gibibytes(32).value);
  answer.put<std::uint16_t>(8 + 88, 1).put<std::uint64_t>(8 + 88 + 8, 12809404416);
  GpuProfile gpu;
  ASSERT_TRUE(read_xe_regions(answer.all(), gpu));
  EXPECT_EQ(gpu.memory.value(), Bytes(12809404416));
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
}

TEST(DrmRegions, AnI915PartWithSystemMemoryAloneIsShared) {
  AnswerBytes answer(16 + 88);
  answer.put<std::uint32_t>(0, 1).put<std::uint64_t>(16 + 8, gibibytes(32).value);
  GpuProfile gpu;
  ASSERT_TRUE(read_i915_regions(answer.all(), gpu));
  EXPECT_EQ(gpu.memory.state(), FactState::absent);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::shared);
}

TEST(DrmRegions, MoreRegionsThanBytesAreRefused) {
  AnswerBytes answer(16 + 88);
  answer.put<std::uint32_t>(0, 0xFFFFFFFFU);
  GpuProfile gpu;
  EXPECT_FALSE(read_i915_regions(answer.all(), gpu));
  EXPECT_FALSE(read_xe_regions(answer.all(), gpu));
  EXPECT_FALSE(read_i915_regions({}, gpu));
}

// Expected: amdgpu_top's dump of an RX 9060 XT (Umio-Yasuno/amdgpu_top, docs/dump.json at f81e5bd).
TEST(DrmRegions, AmdgpuTellsTheBandwidthOfGddr6) {
  AnswerBytes answer(512);
  answer.put<std::uint64_t>(32, 2'780'000).put<std::uint64_t>(40, 1'258'000);
  answer.put<std::uint32_t>(48, 32).put<std::uint32_t>(176, 9).put<std::uint32_t>(180, 128);
  GpuProfile gpu;
  ASSERT_TRUE(read_amdgpu_device(answer.all(), gpu));
  EXPECT_NEAR(gpu.theoretical_bandwidth_bytes_per_second.value_or(0), 322e9, 0.5e9);
  EXPECT_EQ(gpu.compute_units.value_or(0), 32U);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
}

TEST(DrmRegions, AmdgpuMarksPartsOfAProcessor) {
  AnswerBytes answer(512);
  answer.put<std::uint64_t>(136, 1).put<std::uint64_t>(40, 3'000'000);
  answer.put<std::uint32_t>(176, 10).put<std::uint32_t>(180, 128);  // DDR5: no known convention
  GpuProfile gpu;
  ASSERT_TRUE(read_amdgpu_device(answer.all(), gpu));
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::unified);
  EXPECT_FALSE(gpu.theoretical_bandwidth_bytes_per_second.is_known());
}

}  // namespace
}  // namespace assay
