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
  profile.cpu.core_types = Fact<std::vector<CoreType>>::known(
      {{"performance", 6, 12}, {"efficiency", 8, 8}}, "CPUID leaf 0x1A");
  profile.cpu.isa = Fact<std::vector<std::string>>::known({"avx2", "fma"}, "CPUID");
  profile.cpu.caches =
      Fact<std::vector<CacheLevel>>::known({{3, "unified", Bytes(25165824), 1}}, "CPUID leaf 4");
  profile.cpu.governor = Fact<std::string>::unknown("no cpufreq in the recording");
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
