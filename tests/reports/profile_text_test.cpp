#include "reports/profile_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

MachineProfile laptop() {
  MachineProfile machine;
  machine.id = "0123";
  machine.root = "/";
  machine.cpu.brand = Fact<std::string>::known("Example 155H", "CPUID");
  machine.cpu.physical_cores = Fact<std::uint32_t>::known(14, "hwloc");
  machine.cpu.logical_cores = Fact<std::uint32_t>::known(20, "hwloc");
  machine.cpu.core_types = Fact<std::vector<CoreType>>::known(
      {{"performance", 6, 12}, {"efficiency", 8, 8}}, "CPUID leaf 0x1A");
  machine.memory.total = Fact<Bytes>::known(gibibytes(16), "/proc/meminfo");
  machine.memory.available = Fact<Bytes>::known(gibibytes(12), "/proc/meminfo");
  machine.memory.limit = Fact<Bytes>::absent("no limit");
  machine.memory.limit_headroom = Fact<Bytes>::absent("no limit");
  machine.memory.theoretical_bandwidth_bytes_per_second =
      Fact<double>::unknown("the memory modules' speed needs root");
  machine.memory.modules =
      Fact<std::vector<MemoryModule>>::unknown("the memory modules' speed needs root");
  NpuProfile npu;
  npu.name = "Intel NPU (Meteor Lake)";
  npu.driver = Fact<std::string>::absent("no driver is bound to it");
  npu.tops_low = Fact<double>::known(11, "published");
  npu.tops_high = Fact<double>::known(11.5, "published");
  machine.npus.push_back(npu);
  machine.npu_count = Fact<std::uint32_t>::known(1, "/sys/bus/pci/devices");
  machine.gpu_count = Fact<std::uint32_t>::known(0, "/sys/bus/pci/devices");
  return machine;
}

template <typename T>
Fact<T> told(T value) {
  return Fact<T>::known(std::move(value), "told");
}

MemoryModule ddr5() {
  MemoryModule module;
  module.bytes = gibibytes(16);
  module.type = "DDR5";
  module.configured_megatransfers_per_second = 5600;
  module.manufacturer = "Crucial";
  module.part_number = "CT16G56C46S5";
  return module;
}

GpuProfile radeon() {
  GpuProfile gpu;
  gpu.vendor = "AMD";
  gpu.name = told<std::string>("Radeon 780M");
  gpu.memory = told(gibibytes(2));
  gpu.memory_kind = told(DeviceMemoryKind::unified);
  gpu.usable_memory = told(gibibytes(16));
  gpu.fp16 = gpu.int8_dot_product = told(true);
  gpu.cooperative_matrix = told<std::vector<std::string>>({"16x16x16 float16 float32"});
  gpu.theoretical_bandwidth_bytes_per_second = told(89.6e9);
  gpu.driver = told<std::string>("amdgpu");
  gpu.driver_version = told<std::string>("6.8.0");
  gpu.vulkan_version = told<std::string>("1.3.274");
  return gpu;
}

/// Everything that a laptop can have.
MachineProfile rich_laptop() {
  MachineProfile machine = laptop();
  machine.cpu.core_types = told<std::vector<CoreType>>(
      {{"performance", 6, 12, {}, 5.2e9}, {"efficiency", 8, 8, {}, 3.9e9}});
  machine.cpu.max_frequency_hertz = told(5.2e9);
  machine.cpu.governor = told<std::string>("powersave");
  machine.cpu.scaling_driver = told<std::string>("intel_pstate");
  machine.cpu.boost = told(false);
  machine.cpu.microcode = told<std::string>("0x4121");
  machine.memory.modules = told<std::vector<MemoryModule>>({ddr5(), ddr5()});
  machine.memory.channels = told(2U);
  machine.memory.theoretical_bandwidth_bytes_per_second = told(89.6e9);
  machine.memory.transparent_huge_pages = told<std::string>("madvise");
  machine.gpus = {radeon()};
  machine.gpu_count = told(1U);
  machine.storage.device = told<std::string>("nvme0n1");
  machine.storage.model = told<std::string>("Example SSD 1TB");
  machine.storage.device_size = told(Bytes(1'000'204'886'016));
  machine.storage.kind = told(DriveKind::nvme);
  machine.storage.link_bandwidth_bytes_per_second = told(7.877e9);
  machine.storage.layers = told<std::vector<std::string>>({"crypt"});
  machine.power.on_battery = told(true);
  Battery battery;
  battery.name = "BAT0";
  battery.charge_ratio = 0.63;
  machine.power.batteries = told<std::vector<Battery>>({battery});
  machine.power.zones = told<std::vector<PowerZone>>({{"intel-rapl:0", "package-0", 28.0, 64.0}});
  machine.power.package_throttle_count = told(3U);
  machine.os.system_vendor = told<std::string>("HP");
  machine.os.product_name = told<std::string>("HP EliteBook 840");
  machine.os.chassis = told<std::string>("notebook");
  machine.os.hypervisor = Fact<std::string>::absent("bit is clear");
  return machine;
}

TEST(ProfileText, ARichLaptopShowsWhatItHas) {
  const std::string text = render_profile(rich_laptop(), false, {});
  for (const char* row :
       {"Clock         performance up to 5.20 GHz, efficiency up to 3.90 GHz\n",
        "Governor      powersave (intel_pstate), boost switched off\n",
        "Modules       2 x 16 GiB DDR5-5600 (Crucial CT16G56C46S5), 2 channels\n",
        "Huge pages    transparent: madvise\n",
        "GPU           AMD Radeon 780M, uses system memory, up to 17.2 GB for a model, 2.1 GB "
        "carved",
        "89.6 GB/s at most, fp16, int8 dot products, matrix units; driver amdgpu 6.8.0,",
        "Drive         Example SSD 1TB, 1.0 TB, NVMe, link of 7.88 GB/s, crypt\n",
        "Power         on battery, 63 % charged: speeds may be lower than on mains\n",
        "Power limit   28 W, 64 W for a short time\n",
        "Throttling    slowed down by heat 3 times since the start\n",
        "Computer      HP EliteBook 840 (notebook)\n",
        "Copilot+ PC   no: Intel NPU (Meteor Lake): 11 to 11.5 TOPS published, 40 wanted\n"}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
  EXPECT_THAT(text, Not(HasSubstr("AMX")));
  EXPECT_THAT(text, Not(HasSubstr("Microcode")));
}

TEST(ProfileText, MicrocodeIsForTheVerbose) {
  EXPECT_THAT(render_profile(rich_laptop(), true, {}), HasSubstr("Microcode     0x4121\n"));
}

TEST(ProfileText, AVirtualMachineHasNoRowsOfLaptops) {
  MachineProfile machine = laptop();
  machine.npus.clear();
  machine.npu_count = told(0U);
  GpuProfile emulated;
  emulated.software = true;
  emulated.vendor = "software";
  emulated.name = told<std::string>("llvmpipe (LLVM 15)");
  machine.gpus = {emulated};
  machine.os.hypervisor = told<std::string>("KVM");
  machine.os.steal_ratio = told(0.01);
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, HasSubstr("Emulated GPU  llvmpipe (LLVM 15) (software, not used)\n"));
  EXPECT_THAT(text, HasSubstr("GPU, NPU      none found\n"));
  for (const char* word : {"Copilot", "Stolen", "Throttling", "Power limit", "Computer"}) {
    EXPECT_THAT(text, Not(HasSubstr(word)));
  }
  machine.os.steal_ratio = told(0.08);
  EXPECT_THAT(render_profile(machine, false, {}),
              HasSubstr("Stolen time   8 % of the processor goes to other virtual machines\n"));
}

TEST(ProfileText, CoresAreCalledByTheirDesignAndSharedMemoryIsNotTheGpusOwn) {
  MachineProfile machine = laptop();
  machine.npus.clear();
  machine.cpu.core_types =
      told<std::vector<CoreType>>({{"performance", 10, 10, "Arm Cortex-X925", 3.9e9},
                                   {"efficiency", 10, 10, "Arm Cortex-A725", 2.81e9}});
  machine.cpu.max_frequency_hertz = told(3.9e9);
  machine.cpu.isa = told<std::vector<std::string>>({"asimd", "sve2"});
  machine.cpu.sve_vector_bits = told(128U);
  GpuProfile gpu;
  gpu.vendor = "NVIDIA";
  gpu.name = told<std::string>("NVIDIA GB10");
  gpu.memory = Fact<Bytes>::absent("it has none");
  gpu.memory_kind = told(DeviceMemoryKind::shared);
  gpu.usable_memory = told(gibibytes(100));
  gpu.driver = told<std::string>("nvidia");
  gpu.cuda_version = told<std::string>("13.0");
  machine.gpus = {gpu};
  machine.gpu_count = told(1U);
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, HasSubstr("Arm Cortex-X925 up to 3.90 GHz, Arm Cortex-A725 up to 2.81 GHz\n"));
  EXPECT_THAT(text, HasSubstr("asimd sve2, SVE of 128 bits\n"));
  EXPECT_THAT(text, HasSubstr("NVIDIA GB10, uses system memory, up to 107.4 GB for a model\n"));
  EXPECT_THAT(text, HasSubstr("driver nvidia, CUDA 13.0\n"));
  EXPECT_THAT(text, Not(HasSubstr("of its own")));
}

TEST(ProfileText, AnNpuWithoutRuntimeSaysWhatLacks) {
  MachineProfile machine = laptop();
  NpuProfile& npu = machine.npus.front();
  npu.driver = told<std::string>("intel_vpu");
  npu.device_node = told<std::string>("/dev/accel/accel0");
  npu.accessible = told(true);
  npu.runtime = Fact<std::string>::absent("no runtime is installed");
  npu.usable = Fact<bool>::known(false, "no runtime is installed");
  EXPECT_THAT(render_profile(machine, false, {.width = 200}),
              HasSubstr("driver intel_vpu, no runtime: not usable until its maker's is installed"));
  npu.runtime = told<std::string>("Level Zero");
  npu.usable = told(true);
  EXPECT_THAT(render_profile(machine, false, {.width = 200}),
              HasSubstr("driver intel_vpu, runtime Level Zero\n"));
  npu.accessible = told(false);
  EXPECT_THAT(render_profile(machine, false, {.width = 200}),
              HasSubstr("not open to this user: join the group render\n"));
}

TEST(ProfileText, AmxIsShownOnlyWhereTheSiliconHasIt) {
  MachineProfile machine = laptop();
  machine.cpu.amx_silicon = told(false);
  EXPECT_THAT(render_profile(machine, false, {}), Not(HasSubstr("AMX")));
  machine.cpu.amx_silicon = told(true);
  machine.cpu.amx_os_enabled = told(false);
  EXPECT_THAT(render_profile(machine, false, {}),
              HasSubstr("AMX           not usable: the system does not save its state\n"));
  machine.cpu.amx_os_enabled = machine.cpu.amx_process_permitted = told(true);
  EXPECT_THAT(render_profile(machine, false, {}), HasSubstr("AMX           usable\n"));
}

TEST(ExplainFact, EntriesOfAListHaveRowsOfTheirOwn) {
  const auto text = explain_fact(rich_laptop(), "modules", {.width = 400});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("bytes 17.2 GB (17179869184), type DDR5"));
  EXPECT_THAT(*text, HasSubstr("From   told\n"));
  EXPECT_THAT(*text, Not(HasSubstr("{")));
}

TEST(ProfileText, NamesCoresByKind) {
  EXPECT_THAT(render_profile(laptop(), false, {}),
              HasSubstr("14 cores, 20 threads (6 performance + 8 efficiency)"));
}

TEST(ProfileText, UnknownsHaveTheirReasonAndRemedy) {
  EXPECT_THAT(
      render_profile(laptop(), false, {}),
      HasSubstr(
          "Unknown       modules, bandwidth: the memory modules' speed needs root: sudo assay"));
}

TEST(ProfileText, FactsThatAreUnknownForOneReasonShareARow) {
  MachineProfile machine = laptop();
  machine.cpu.max_frequency_hertz = Fact<double>::unknown("no frequency control");
  machine.cpu.governor = Fact<std::string>::unknown("no frequency control");
  EXPECT_THAT(render_profile(machine, false, {}),
              HasSubstr("clock, governor: no frequency control\n"));
}

TEST(ProfileText, WhatNobodyMissesHasNoRow) {
  MachineProfile machine = laptop();
  machine.power.platform_profile = Fact<std::string>::absent("the firmware offers none");
  machine.os.container = Fact<std::string>::absent("no mark of one");
  machine.os.hypervisor = Fact<std::string>::absent("bit is clear");
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, Not(HasSubstr("Profile")));
  EXPECT_THAT(text, Not(HasSubstr("ontainer")));
  EXPECT_THAT(text, HasSubstr("Runs on       bare metal\n"));
}

TEST(ProfileText, ALimitIsShownWithWhatItLeavesForAModel) {
  MachineProfile machine = laptop();
  EXPECT_THAT(render_profile(machine, false, {}), Not(HasSubstr("For a model")));
  machine.memory.limit = Fact<Bytes>::known(gibibytes(4), "/sys/fs/cgroup/box/memory.max");
  machine.memory.limit_headroom = Fact<Bytes>::known(gibibytes(3), "less what is in use");
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, HasSubstr("4.3 GB, 3.2 GB of it left (/sys/fs/cgroup/box/memory.max)"));
  EXPECT_THAT(text, HasSubstr("For a model   3.2 GB\n"));
}

TEST(ProfileText, UsableThreadsHaveARowOnlyWhenTheyAreFewer) {
  MachineProfile machine = laptop();
  machine.cpu.usable_cpus = Fact<std::uint32_t>::known(20, "affinity mask");
  EXPECT_THAT(render_profile(machine, false, {}), Not(HasSubstr("Usable now")));
  machine.cpu.usable_cpus = Fact<std::uint32_t>::known(1, "affinity mask");
  EXPECT_THAT(render_profile(machine, false, {}),
              HasSubstr("Usable now    1 thread: affinity mask\n"));
}

TEST(ProfileText, LinesStayWithinANarrowTerminal) {
  const std::string text = render_profile(laptop(), false, {.width = 60});
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(end - start, 60U) << text.substr(start, end - start);
    start = end + 1;
  }
}

TEST(ProfileText, AnNpuWithoutDriverIsNotUsable) {
  EXPECT_THAT(render_profile(laptop(), false, {}),
              HasSubstr("Intel NPU (Meteor Lake), 11.0 to 11.5 TOPS published, no driver"));
}

TEST(ProfileText, FitsOnOneScreen) {
  for (const MachineProfile& machine : {laptop(), rich_laptop()}) {
    const std::string text = render_profile(machine, false, {});
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40);
  }
}

TEST(ProfileText, SaysThatAMachineWasRecorded) {
  MachineProfile machine = laptop();
  machine.root = "/recordings/one";
  EXPECT_THAT(render_profile(machine, false, {}),
              testing::StartsWith("A recorded machine: /recordings/one\n"));
}

TEST(ProfileText, VerboseNamesSources) {
  EXPECT_THAT(render_profile(laptop(), false, {}), Not(HasSubstr("CPUID leaf 0x1A")));
  EXPECT_THAT(render_profile(laptop(), true, {}), HasSubstr("CPUID leaf 0x1A"));
}

TEST(ProfileText, ControlBytesOfTheMachineDoNotReachTheTerminal) {
  MachineProfile machine = laptop();
  machine.cpu.brand = Fact<std::string>::known("evil\x1b[2J", "CPUID");
  EXPECT_THAT(render_profile(machine, true, {}), Not(HasSubstr("\x1b")));
}

TEST(ExplainFact, FindsAFactByTheEndOfItsName) {
  const auto text = explain_fact(laptop(), "total_bytes", {});
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_THAT(*text, HasSubstr("memory.total_bytes"));
  EXPECT_THAT(*text, HasSubstr("/proc/meminfo"));
}

TEST(ProfileText, NamesTheWindowsSubsystemAndWhoseMemoryItSees) {
  MachineProfile machine;
  machine.os.wsl = told(true);
  machine.os.wsl_version = told(2U);
  machine.os.memory_note = told(std::string("half of the host's"));
  const std::string text = render_profile(machine, false, {});
  EXPECT_THAT(text, HasSubstr("Runs on       WSL 2\n"));
  EXPECT_THAT(text, HasSubstr("Memory note   half of the host's\n"));
}

TEST(ExplainFact, SaysWhyAFactIsUnknown) {
  const auto text = explain_fact(laptop(), "memory.theoretical_bandwidth_bytes_per_second", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("needs root"));
  EXPECT_THAT(*text, HasSubstr("sudo assay probe"));
}

TEST(ExplainFact, ShowsUnitsForPeopleBesideTheExactValue) {
  const auto text = explain_fact(laptop(), "memory.total_bytes", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("17.2 GB (17179869184)"));
}

TEST(ExplainFact, AnAbsentFactNamesWhatShowsSo) {
  const auto text = explain_fact(laptop(), "memory.limit_bytes", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("Value  none\n  From   no limit\n"));
}

TEST(ExplainFact, TakesAWholeSection) {
  const auto text = explain_fact(laptop(), "memory", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("memory.total_bytes"));
  EXPECT_THAT(*text, HasSubstr("memory.available_bytes"));
  EXPECT_THAT(*text, Not(HasSubstr("cpu.")));
}

TEST(ExplainFact, TakesAPartOfAName) {
  const auto text = explain_fact(laptop(), "bandwidth", {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("theoretical_bandwidth"));
}

TEST(ExplainFact, TakesTheWordsOfTheScreen) {
  for (const auto& [word, fact] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Clock", "cpu.max_frequency_hertz"},
           {"instructions", "cpu.isa"},
           {"usable now", "cpu.usable_cpus"},
           {"Installed", "memory.total_bytes"}}) {
    const auto text = explain_fact(laptop(), word, {});
    ASSERT_TRUE(text) << word;
    EXPECT_THAT(*text, testing::StartsWith(std::string(fact) + "\n"));
  }
}

TEST(ExplainFact, SuggestsTheLastPartOfAName) {
  const auto text = explain_fact(laptop(), "brnd", {});
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().remedy, HasSubstr("did you mean brand"));
}

TEST(ExplainFact, SuggestsTheNearestName) {
  const auto text = explain_fact(laptop(), "memory.totl_bytes", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::usage);
  EXPECT_THAT(text.error().remedy, HasSubstr("memory.total_bytes"));
}

}  // namespace
}  // namespace assay
