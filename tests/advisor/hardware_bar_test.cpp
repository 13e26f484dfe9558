#include "advisor/hardware_bar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::HasSubstr;

// The bar as Microsoft words it: an NPU of 40 TOPS and more, 16 GB of memory, 256 GB of SSD or UFS.
HardwareBar bar() { return copilot_plus_bar().value(); }

NpuProfile npu_of(double low, double high) {
  NpuProfile npu;
  npu.name = "NPU";
  npu.tops_low = Fact<double>::known(low, "published");
  npu.tops_high = Fact<double>::known(high, "published");
  return npu;
}

/// A notebook that meets the bar: a 512 GB drive and 16 GB, of which the system sees 15.3 GiB.
MachineProfile good_machine() {
  MachineProfile machine;
  machine.npus = {npu_of(48, 48)};
  machine.npu_count = Fact<std::uint32_t>::known(1, "pci");
  machine.memory.total = Fact<Bytes>::known(Bytes(16428363776), "/proc/meminfo");
  machine.storage.device_size = Fact<Bytes>::known(Bytes(512110190592), "size");
  machine.storage.kind = Fact<DriveKind>::known(DriveKind::nvme, "name");
  return machine;
}

const BarCriterion& criterion(const BarVerdict& verdict, std::string_view name) {
  for (const BarCriterion& each : verdict.criteria) {
    if (each.name == name) return each;
  }
  return verdict.criteria.at(99);
}

TEST(HardwareBar, TheBuiltinOneIsMicrosofts) {
  const auto builtin = copilot_plus_bar();
  ASSERT_TRUE(builtin) << builtin.error().text();
  EXPECT_EQ(builtin->name, "Copilot+ PC");
  EXPECT_EQ(builtin->npu_tops, 40);
  EXPECT_EQ(builtin->memory, Bytes(16000000000));
  EXPECT_EQ(builtin->storage, Bytes(256000000000));
}

TEST(HardwareBar, AMachineThatMeetsAllIsAYes) {
  EXPECT_EQ(judge_bar(bar(), good_machine()).answer, BarAnswer::yes);
}

TEST(HardwareBar, AWeakNpuIsANoWithItsReason) {
  MachineProfile machine = good_machine();
  machine.npus = {npu_of(11, 11.5)};
  const BarVerdict verdict = judge_bar(bar(), machine);
  EXPECT_EQ(verdict.answer, BarAnswer::no);
  EXPECT_THAT(criterion(verdict, "npu").why, HasSubstr("11 to 11.5 TOPS published, 40 wanted"));
}

TEST(HardwareBar, ARangeThatSpansTheBarIsUnknown) {
  MachineProfile machine = good_machine();
  machine.npus = {npu_of(18, 50)};
  EXPECT_EQ(judge_bar(bar(), machine).answer, BarAnswer::unknown);
}

TEST(HardwareBar, TheBestNpuCounts) {
  MachineProfile machine = good_machine();
  machine.npus = {npu_of(11, 11), npu_of(50, 50), npu_of(4, 4)};
  EXPECT_EQ(judge_bar(bar(), machine).answer, BarAnswer::yes);
}

TEST(HardwareBar, WithoutAnNpuItIsANo) {
  MachineProfile machine = good_machine();
  machine.npus.clear();
  machine.npu_count = Fact<std::uint32_t>::known(0, "pci");
  EXPECT_EQ(judge_bar(bar(), machine).answer, BarAnswer::no);
}

TEST(HardwareBar, WhereNobodyCouldLookForAnNpuItIsUnknown) {
  MachineProfile machine = good_machine();
  machine.npus.clear();
  machine.npu_count = Fact<std::uint32_t>::unknown("no bus");
  const BarVerdict verdict = judge_bar(bar(), machine);
  EXPECT_EQ(verdict.answer, BarAnswer::unknown);
  EXPECT_EQ(criterion(verdict, "npu").why, "no bus");
}

TEST(HardwareBar, TwelveGigabytesAreTooLittle) {
  MachineProfile machine = good_machine();
  machine.memory.total = Fact<Bytes>::known(gibibytes(12), "/proc/meminfo");
  EXPECT_EQ(criterion(judge_bar(bar(), machine), "memory").answer, BarAnswer::no);
}

TEST(HardwareBar, WhatGraphicsCarvedOutCounts) {
  MachineProfile machine = good_machine();
  machine.memory.total = Fact<Bytes>::known(gibibytes(12), "/proc/meminfo");
  GpuProfile gpu;
  gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::unified, "id");
  gpu.memory = Fact<Bytes>::known(gibibytes(4), "vram");
  machine.gpus = {gpu};
  EXPECT_EQ(criterion(judge_bar(bar(), machine), "memory").answer, BarAnswer::yes);
}

TEST(HardwareBar, ACardsOwnMemoryDoesNotCount) {
  MachineProfile machine = good_machine();
  machine.memory.total = Fact<Bytes>::known(gibibytes(12), "/proc/meminfo");
  GpuProfile gpu;
  gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::dedicated, "id");
  gpu.memory = Fact<Bytes>::known(gibibytes(8), "vram");
  machine.gpus = {gpu};
  EXPECT_EQ(criterion(judge_bar(bar(), machine), "memory").answer, BarAnswer::no);
}

TEST(HardwareBar, ASmallDriveIsANo) {
  MachineProfile machine = good_machine();
  machine.storage.device_size = Fact<Bytes>::known(Bytes(128035676160), "size");
  EXPECT_EQ(criterion(judge_bar(bar(), machine), "storage").answer, BarAnswer::no);
}

TEST(HardwareBar, AHardDiskIsANo) {
  MachineProfile machine = good_machine();
  machine.storage.kind = Fact<DriveKind>::known(DriveKind::hdd, "rotational");
  EXPECT_EQ(criterion(judge_bar(bar(), machine), "storage").answer, BarAnswer::no);
}

TEST(HardwareBar, ADriveOfAVirtualMachineIsUnknown) {
  MachineProfile machine = good_machine();
  machine.storage.kind = Fact<DriveKind>::known(DriveKind::virtual_disk, "virtio");
  EXPECT_EQ(criterion(judge_bar(bar(), machine), "storage").answer, BarAnswer::unknown);
}

TEST(HardwareBar, AnEmptyProfileIsUnknownThroughout) {
  const BarVerdict verdict = judge_bar(bar(), {});
  EXPECT_EQ(verdict.answer, BarAnswer::unknown);
  ASSERT_EQ(verdict.criteria.size(), 3U);
  for (const BarCriterion& each : verdict.criteria) EXPECT_EQ(each.why, "not probed");
}

TEST(HardwareBar, AFileWithAnotherSchemaOrAnOddShareIsRefused) {
  EXPECT_FALSE(parse_hardware_bar(R"({"schema": "assay.policy/1"})", "b.json"));
  const auto odd = parse_hardware_bar(
      R"({"schema": "assay.bar/1", "name": "x", "npu_tops": 1, "memory_bytes": 1,
          "storage_bytes": 1, "seen_share": 1.5, "solid_state": false})",
      "b.json");
  ASSERT_FALSE(odd);
  EXPECT_THAT(odd.error().text(), HasSubstr("b.json: /seen_share: 1.5 found"));
}

TEST(HardwareBar, AnswersHaveNamesThatReadBack) {
  for (const auto& row : k_bar_answer_names.rows) {
    EXPECT_EQ(k_bar_answer_names.value(row.name), row.value);
  }
}

}  // namespace
}  // namespace assay
