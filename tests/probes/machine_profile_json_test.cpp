#include "probes/machine_profile_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

MachineProfile sample_profile() {
  MachineProfile profile;
  profile.id = "0123abcd";
  profile.root = "/";
  profile.cpu.vendor = Fact<std::string>::known("GenuineIntel", "CPUID leaf 0");
  profile.cpu.physical_cores = Fact<std::uint32_t>::known(14, "hwloc");
  profile.cpu.isa = Fact<std::vector<std::string>>::known({"avx2", "fma"}, "CPUID");
  profile.cpu.caches =
      Fact<std::vector<CacheLevel>>::known({{3, "unified", Bytes(25165824), 1}}, "CPUID leaf 4");
  profile.cpu.governor = Fact<std::string>::unknown("no cpufreq in the recording");
  profile.cpu.core_types = Fact<std::vector<CoreType>>::known(
      {{"performance", 6, 12}, {"efficiency", 8, 8, "Arm Cortex-A725", 2.8e9, 2e9}},
      "CPUID leaf 0x1A");
  profile.cpu.memory_nodes = Fact<std::vector<MemoryNode>>::known(
      {{0, gibibytes(16), 20, true}, {1, std::nullopt, 0, false}}, "hwloc");
  profile.cpu.amx_silicon = Fact<bool>::known(true, "CPUID leaf 7");
  profile.cpu.amx_process_permitted = Fact<bool>::unknown("a recording");
  profile.cpu.sve_vector_bits = Fact<std::uint32_t>::absent("no scalable vectors");
  profile.cpu.boost = Fact<bool>::known(false, "cpufreq/boost");
  profile.cpu.microcode = Fact<std::string>::known("0x2b000603", "/proc/cpuinfo");
  profile.cpu.base_frequency_hertz = Fact<double>::known(2.4e9, "base_frequency");
  MemoryModule module;
  module.locator = "Controller0-ChannelA-DIMM0";
  module.bytes = gibibytes(16);
  module.type = "DDR5";
  module.data_bits = 64;
  module.configured_megatransfers_per_second = 4800;
  profile.memory.modules = Fact<std::vector<MemoryModule>>::known({module}, "SMBIOS");
  profile.memory.channels = Fact<std::uint32_t>::known(1, "names");
  profile.memory.huge_page_pools =
      Fact<std::vector<HugePagePool>>::known({{mebibytes(2), 512, 500}}, "/sys");
  profile.memory.swap_free = Fact<Bytes>::known(gibibytes(1), "/proc/meminfo");
  profile.memory.zswap_enabled = Fact<bool>::known(true, "/sys/module");
  profile.memory.overcommit = Fact<std::string>::known("never", "/proc/sys/vm");
  profile.memory.lock_limit = Fact<Bytes>::absent("unlimited");
  profile.memory.total = Fact<Bytes>::known(gibibytes(16), "/proc/meminfo");
  profile.memory.limit = Fact<Bytes>::absent("no limit in the cgroup tree");
  profile.power.on_battery = Fact<bool>::known(true, "/sys/class/power_supply");
  GpuProfile gpu;
  gpu.pci_address = "0000:03:00.0";
  gpu.vendor_id = 0x1002;
  gpu.device_id = 0x150e;
  gpu.vendor = "AMD";
  gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::unified, "device id");
  gpu.usable_memory = Fact<Bytes>::known(gibibytes(12), "carve-out + what the driver lends");
  gpu.max_clock_hertz = Fact<double>::known(2.9e9, "pp_dpm_sclk");
  gpu.fp16 = Fact<bool>::known(true, "Vulkan");
  gpu.max_subgroup_size = Fact<std::uint32_t>::known(64, "Vulkan");
  gpu.cooperative_matrix =
      Fact<std::vector<std::string>>::known({"16x16x16 float16 float32"}, "Vulkan");
  gpu.vulkan_version = Fact<std::string>::absent("Vulkan loader not installed");
  profile.gpus.push_back(gpu);
  profile.gpu_count = Fact<std::uint32_t>::known(1, "/sys/bus/pci/devices");
  profile.npu_count = Fact<std::uint32_t>::unknown("no /sys/bus/pci in the recording");
  return profile;
}

Result<MachineProfile> there_and_back(const MachineProfile& profile) {
  DocumentNotes notes;
  const Json json = profile_to_json(profile, "/machine", notes);
  return profile_from_json(JsonFields(json, "test.json", "/machine"), "/machine", notes);
}

TEST(MachineProfileJson, UsesTheContractsFieldNames) {
  DocumentNotes notes;
  const Json json = profile_to_json(sample_profile(), "/machine", notes);
  EXPECT_EQ(json["cpu"]["core_types"][0],
            Json({{"kind", "performance"}, {"cores", 6}, {"threads", 12}}));
  EXPECT_EQ(json["memory"]["total_bytes"], 17179869184U);
  EXPECT_EQ(json["cpu"]["isa"], Json({"avx2", "fma"}));
}

TEST(MachineProfileJson, SaysWhereAValueCameFrom) {
  DocumentNotes notes;
  (void)profile_to_json(sample_profile(), "/machine", notes);
  EXPECT_EQ(notes.sources.at("/machine/cpu/vendor"), "CPUID leaf 0");
}

TEST(MachineProfileJson, SaysWhyAnUnknownIsUnknown) {
  DocumentNotes notes;
  const Json json = profile_to_json(sample_profile(), "/machine", notes);
  EXPECT_TRUE(json["cpu"]["governor"].is_null());
  EXPECT_EQ(notes.reasons.at("/machine/cpu/governor"), "no cpufreq in the recording");
}

TEST(MachineProfileJson, ListsThatNobodyCouldReadAreNull) {
  DocumentNotes notes;
  const Json json = profile_to_json(sample_profile(), "/machine", notes);
  EXPECT_TRUE(json["npus"].is_null());
  EXPECT_EQ(notes.reasons.at("/machine/npus"), "no /sys/bus/pci in the recording");
}

TEST(MachineProfileJson, KnownFactsSurviveTheRoundTrip) {
  const auto back = there_and_back(sample_profile());
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->cpu.physical_cores.value(), 14U);
  EXPECT_EQ(back->cpu.physical_cores.source(), "hwloc");
  EXPECT_EQ(back->cpu.core_types.value()[1].kind, "efficiency");
  EXPECT_EQ(back->cpu.caches.value()[0].bytes, Bytes(25165824));
  EXPECT_EQ(back->gpus[0].vendor_id, 0x1002);
  EXPECT_EQ(back->gpus[0].memory_kind.value(), DeviceMemoryKind::unified);
}

TEST(MachineProfileJson, WhatAnItemDoesNotKnowIsLeftOutAndStaysUnknown) {
  DocumentNotes notes;
  const Json json = profile_to_json(sample_profile(), "/machine", notes);
  const Json& module = json["memory"]["modules"][0];
  EXPECT_FALSE(module.contains("rated_megatransfers_per_second"));
  const auto back = there_and_back(sample_profile());
  ASSERT_TRUE(back) << back.error().text();
  ASSERT_EQ(back->memory.modules.value_or({}).size(), 1U);
  const MemoryModule read = back->memory.modules.value()[0];
  EXPECT_EQ(read.locator, "Controller0-ChannelA-DIMM0");
  EXPECT_EQ(read.configured_megatransfers_per_second, 4800U);
  EXPECT_FALSE(read.rated_megatransfers_per_second);
  EXPECT_FALSE(back->cpu.memory_nodes.value()[1].bytes);
  EXPECT_FALSE(back->cpu.memory_nodes.value()[1].permitted);
  EXPECT_EQ(back->cpu.core_types.value()[1].name, "Arm Cortex-A725");
  EXPECT_FALSE(back->cpu.core_types.value()[0].max_frequency_hertz);
}

TEST(MachineProfileJson, RefusesAModuleWithoutASize) {
  const Json json = {{"memory", {{"modules", {{{"type", "DDR5"}}}}}}};
  const auto profile = profile_from_json(JsonFields(json, "r.json", "/machine"), "/machine", {});
  ASSERT_FALSE(profile);
  EXPECT_THAT(profile.error().text(), testing::HasSubstr("/machine/memory/modules/0/bytes"));
}

TEST(MachineProfileJson, ANeuralProcessorSurvivesTheRoundTrip) {
  MachineProfile profile = sample_profile();
  NpuProfile npu;
  npu.name = "AMD XDNA";
  npu.runtime = Fact<std::string>::known("XRT", "/opt/xilinx/xrt/lib/libxrt_core.so.2");
  npu.usable = Fact<bool>::known(false, "not open to this user");
  npu.firmware_version = Fact<std::string>::known("1.5", "fw_version");
  npu.board_name = Fact<std::string>::known("NPU Phoenix", "vbnv");
  npu.max_frequency_hertz = Fact<double>::known(1.4e9, "freq");
  npu.memory_used = Fact<Bytes>::known(Bytes(4096), "npu_memory_utilization");
  profile.npus.push_back(npu);
  profile.npu_count = Fact<std::uint32_t>::known(1, "/sys/bus/pci/devices");
  const auto back = there_and_back(profile);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->npus[0].runtime.value_or(""), "XRT");
  EXPECT_EQ(back->npus[0].usable.source(), "not open to this user");
  EXPECT_EQ(back->npus[0].firmware_version.value_or(""), "1.5");
  EXPECT_EQ(back->npus[0].board_name.value_or(""), "NPU Phoenix");
  EXPECT_DOUBLE_EQ(back->npus[0].max_frequency_hertz.value_or(0), 1.4e9);
  EXPECT_EQ(back->npus[0].memory_used.value_or(Bytes(0)), Bytes(4096));
}

TEST(MachineProfileJson, PowerSurvivesTheRoundTrip) {
  MachineProfile profile = sample_profile();
  PowerProfile& power = profile.power;
  power.mains_online = Fact<bool>::known(false, "power_supply");
  power.zones = Fact<std::vector<PowerZone>>::known(
      {{"intel-rapl:0", "package-0", 28.0, std::nullopt}}, "powercap");
  power.energy_readable = Fact<bool>::known(false, "needs root");
  Battery battery;
  battery.name = "BAT0";
  battery.status = "Full";
  battery.charge_ratio = 1.0;
  battery.energy_joules = 1e5;
  battery.capacity_joules = 2e5;
  battery.design_capacity_joules = 4e5;
  battery.wear_ratio = 0.5;
  battery.power_watts = 12.5;
  battery.cycle_count = 300;
  power.batteries = Fact<std::vector<Battery>>::known({battery}, "power_supply");
  power.thermal_zones = Fact<std::vector<ThermalZone>>::known(
      {{"thermal_zone0", "acpitz", 41.5}, {"thermal_zone1", "x86_pkg_temp", std::nullopt}},
      "thermal");
  power.core_throttle_count = Fact<std::uint32_t>::known(7, "thermal_throttle");
  power.device_sensors = Fact<std::vector<std::string>>::known({"amdgpu power1_average"}, "hwmon");
  DocumentNotes notes;
  const Json json = profile_to_json(profile, "/machine", notes);
  const auto back = profile_from_json(JsonFields(json, "t", "/machine"), "/machine", notes);
  ASSERT_TRUE(back) << back.error().text();
  DocumentNotes again;
  EXPECT_EQ(profile_to_json(*back, "/machine", again), json);
  EXPECT_EQ(back->power.batteries.value()[0].cycle_count.value_or(0), 300U);
  EXPECT_FALSE(back->power.thermal_zones.value()[1].celsius.has_value());
}

TEST(MachineProfileJson, StorageSurvivesTheRoundTrip) {
  MachineProfile profile = sample_profile();
  StorageProfile& storage = profile.storage;
  storage.total = Fact<Bytes>::known(Bytes(512), "statvfs");
  storage.source = Fact<StorageSource>::known(StorageSource::host_share, "mountinfo");
  storage.compressed = Fact<bool>::known(true, "mountinfo");
  storage.layers = Fact<std::vector<std::string>>::known({"lvm", "crypt"}, "sys");
  storage.device = Fact<std::string>::known("nvme0n1", "sys");
  storage.device_count = Fact<std::uint32_t>::known(2, "sys");
  storage.model = Fact<std::string>::known("990 PRO", "sys");
  storage.device_size = Fact<Bytes>::known(Bytes(1024), "sys");
  storage.kind = Fact<DriveKind>::known(DriveKind::virtual_disk, "sys");
  storage.rotational = Fact<bool>::known(false, "sys");
  storage.transport = Fact<std::string>::known("pcie", "sys");
  storage.link_bandwidth_bytes_per_second = Fact<double>::absent("no link");
  DocumentNotes notes;
  const Json json = profile_to_json(profile, "/machine", notes);
  const auto back = profile_from_json(JsonFields(json, "t", "/machine"), "/machine", notes);
  ASSERT_TRUE(back) << back.error().text();
  DocumentNotes again;
  EXPECT_EQ(profile_to_json(*back, "/machine", again), json);
  EXPECT_EQ(back->storage.kind.value(), DriveKind::virtual_disk);
  EXPECT_EQ(back->storage.source.value(), StorageSource::host_share);
}

TEST(MachineProfileJson, ADriveOfANewerDocumentIsUnknown) {
  const Json json = {{"storage", {{"kind", "holographic"}}}};
  const auto profile = profile_from_json(JsonFields(json, "t"), "", {});
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->storage.kind.state(), FactState::unknown);
}

TEST(MachineProfileJson, WhatSurroundsTheSystemSurvivesTheRoundTrip) {
  MachineProfile profile = sample_profile();
  profile.os.wsl_version = Fact<std::uint32_t>::known(2, "/proc/version");
  profile.os.memory_note = Fact<std::string>::known("half of it", "/proc/version");
  profile.os.steal_ratio = Fact<double>::known(0.25, "/proc/stat");
  profile.os.system_vendor = Fact<std::string>::known("LENOVO", "dmi");
  profile.os.product_name = Fact<std::string>::known("21ML", "dmi");
  profile.os.chassis = Fact<std::string>::known("notebook", "dmi");
  profile.os.portable = Fact<bool>::known(true, "dmi");
  const auto back = there_and_back(profile);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->os.wsl_version.value_or(0), 2U);
  EXPECT_EQ(back->os.memory_note.value_or(""), "half of it");
  EXPECT_DOUBLE_EQ(back->os.steal_ratio.value_or(0), 0.25);
  EXPECT_EQ(back->os.system_vendor.value_or(""), "LENOVO");
  EXPECT_EQ(back->os.product_name.value_or(""), "21ML");
  EXPECT_EQ(back->os.chassis.value_or(""), "notebook");
  EXPECT_TRUE(back->os.portable.value_or(false));
}

TEST(MachineProfileJson, FactsOfAGpuSurviveTheRoundTrip) {
  const auto back = there_and_back(sample_profile());
  ASSERT_TRUE(back) << back.error().text();
  const GpuProfile& gpu = back->gpus.at(0);
  EXPECT_EQ(gpu.usable_memory.value(), gibibytes(12));
  EXPECT_DOUBLE_EQ(gpu.max_clock_hertz.value(), 2.9e9);
  EXPECT_TRUE(gpu.fp16.value());
  EXPECT_EQ(gpu.max_subgroup_size.value(), 64U);
  EXPECT_THAT(gpu.cooperative_matrix.value(), testing::ElementsAre("16x16x16 float16 float32"));
  EXPECT_EQ(gpu.vulkan_version.source(), "Vulkan loader not installed");
}

TEST(MachineProfileJson, SoftwareDevicesAreWrittenButNotCounted) {
  MachineProfile profile = sample_profile();
  GpuProfile software;
  software.software = true;
  profile.gpus.push_back(software);
  const auto back = there_and_back(profile);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->gpus.size(), 2U);
  EXPECT_TRUE(back->gpus[1].software);
  EXPECT_EQ(back->gpu_count.value(), 1U);
}

TEST(MachineProfileJson, AbsentFactsSurviveTheRoundTrip) {
  const auto back = there_and_back(sample_profile());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->memory.limit.state(), FactState::absent);
  EXPECT_EQ(back->memory.limit.source(), "no limit in the cgroup tree");
}

TEST(MachineProfileJson, UnknownFactsSurviveTheRoundTrip) {
  const auto back = there_and_back(sample_profile());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->cpu.governor.reason(), "no cpufreq in the recording");
  EXPECT_EQ(back->npu_count.reason(), "no /sys/bus/pci in the recording");
}

TEST(MachineProfileJson, WritingWhatWasReadGivesTheSameDocument) {
  DocumentNotes notes;
  const Json json = profile_to_json(sample_profile(), "/machine", notes);
  const auto back = profile_from_json(JsonFields(json, "t", "/machine"), "/machine", notes);
  ASSERT_TRUE(back);
  DocumentNotes again;
  EXPECT_EQ(profile_to_json(*back, "/machine", again), json);
  EXPECT_EQ(again.sources, notes.sources);
  EXPECT_EQ(again.reasons, notes.reasons);
}

TEST(MachineProfileJson, AnEmptyObjectIsAProfileOfUnknowns) {
  const Json json = Json::object();
  const auto profile = profile_from_json(JsonFields(json, "t"), "/machine", {});
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->memory.total.state(), FactState::unknown);
}

TEST(MachineProfileJson, NamesTheFieldOfAWrongType) {
  const Json json = {{"cpu", {{"physical_cores", "six"}}}};
  const auto profile = profile_from_json(JsonFields(json, "r.json", "/machine"), "/machine", {});
  ASSERT_FALSE(profile);
  EXPECT_THAT(profile.error().text(), testing::HasSubstr("r.json: /machine/cpu/physical_cores"));
}

TEST(MachineProfileJson, RefusesCountsBeyond32Bits) {
  const Json json = {{"cpu", {{"logical_cores", 4294967296U}}}};
  EXPECT_FALSE(profile_from_json(JsonFields(json, "t"), "", {}));
}

TEST(MachineProfileJson, AMemoryKindOfANewerDocumentIsUnknown) {
  const Json json = {{"gpus", {{{"memory_kind", "pooled"}}}}};
  const auto profile = profile_from_json(JsonFields(json, "t"), "", {});
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->gpus[0].memory_kind.state(), FactState::unknown);
}

TEST(MachineProfileJson, EveryMemoryKindHasANameThatReadsBack) {
  for (const auto& row : k_device_memory_kind_names.rows) {
    EXPECT_EQ(k_device_memory_kind_names.value(row.name), row.value);
  }
}

}  // namespace
}  // namespace assay
