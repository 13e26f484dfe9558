// Vendors' libraries, good and bad: stand-ins that are built beside the tests (fakes/). No test
// needs a GPU, a driver or a real loader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include "probes/gpu/gpu_probe.hpp"
#include "probes/os/child_process.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/pci_tree.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A machine of hand-made files whose library folder holds stand-ins.
class MachineWithLibraries {
 public:
  MachineTree tree;

  /// Each stand-in has a folder of its own, where its scenario is named.
  MachineWithLibraries& library(const std::string& fake, const std::string& scenario) {
    const std::string file = fake == "nvml"     ? "libnvidia-ml.so.1"
                             : fake == "vulkan" ? "libvulkan.so.1"
                             : fake == "opencl" ? "libOpenCL.so.1"
                                                : "libze_loader.so.1";
    tree.file("/libraries/scenario", scenario);
    tree.link("/libraries/" + file, std::string(ASSAY_FAKES) + "/libfake_" + fake + ".so");
    return *this;
  }
  [[nodiscard]] HostView host() const {
    return tree.host().with_libraries(LibrarySource{tree.at("/libraries")});
  }
  [[nodiscard]] MachineProfile probe() const {
    MachineProfile machine;
    probe_gpus(host(), machine);
    return machine;
  }
};

void add_nvidia(MachineTree& tree, const std::string& address, std::string_view device) {
  add_pci(tree, address, "0x030200", "0x10de", device, "nvidia");
}

GpuProfile nvml_card(const std::string& scenario, const std::string& address,
                     std::string_view device) {
  MachineWithLibraries machine;
  add_nvidia(machine.tree, address, device);
  add_meminfo(machine.tree, 120, 100);
  const MachineProfile profile = machine.library("nvml", scenario).probe();
  EXPECT_EQ(profile.gpus.size(), 1U);
  return profile.gpus.at(0);
}

TEST(Nvml, TellsWhatNvidiaSmiTells) {
  const GpuProfile gpu = nvml_card("h200", "0000:83:00.0", "0x2335");
  EXPECT_EQ(gpu.name.value_or(""), "NVIDIA H200");
  EXPECT_EQ(gpu.memory.value(), Bytes(143771ULL << 20U));
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::dedicated);
  EXPECT_EQ(gpu.driver_version.value_or(""), "590.48.01");
  EXPECT_EQ(gpu.cuda_version.value_or(""), "13.1");
  EXPECT_DOUBLE_EQ(gpu.memory_clock_hertz.value_or(0), 3201e6);
  EXPECT_DOUBLE_EQ(gpu.power_limit_watts.value_or(0), 700);
  EXPECT_DOUBLE_EQ(gpu.pcie_transfers_per_second.value_or(0), 32e9);
  EXPECT_EQ(gpu.pcie_width.value_or(0), 16U);
  EXPECT_EQ(gpu.architecture.value_or(""), "compute capability 9.0");
  EXPECT_TRUE(gpu.bfloat16.value_or(false));
}

TEST(Nvml, GivesTheBandwidthInItsOwnConvention) {
  // Published: 4.8 TB/s for H200, 496 GB/s for RTX 2080 SUPER (15.5 Gbit/s on 256 lines).
  const GpuProfile hbm = nvml_card("h200", "0000:83:00.0", "0x2335");
  EXPECT_NEAR(hbm.theoretical_bandwidth_bytes_per_second.value_or(0), 4.8e12, 0.15e12);
  EXPECT_THAT(hbm.theoretical_bandwidth_bytes_per_second.source(), HasSubstr("convention"));
  const GpuProfile gddr = nvml_card("2080", "0000:01:00.0", "0x1e81");
  EXPECT_NEAR(gddr.theoretical_bandwidth_bytes_per_second.value_or(0), 496e9, 1e9);
}

TEST(Nvml, WhatIsFreeIsUsable) {
  const GpuProfile gpu = nvml_card("2080", "0000:01:00.0", "0x1e81");
  EXPECT_EQ(gpu.usable_memory.value(), mebibytes(8192 - 500));
}

TEST(Nvml, SaysThatAnIdleLinkMayBeSlower) {
  const GpuProfile gpu = nvml_card("2080", "0000:01:00.0", "0x1e81");
  EXPECT_DOUBLE_EQ(gpu.pcie_transfers_per_second.value_or(0), 2.5e9);
  EXPECT_THAT(gpu.pcie_transfers_per_second.source(), HasSubstr("idle"));
  EXPECT_DOUBLE_EQ(gpu.max_pcie_transfers_per_second.value_or(0), 8e9);
}

TEST(Nvml, CountsInstancesOfAPartitionedCard) {
  const GpuProfile gpu = nvml_card("mig", "0000:83:00.0", "0x2335");
  EXPECT_EQ(gpu.partition_mode.value_or(""), "MIG");
  EXPECT_EQ(gpu.partitions.value_or(0), 2U);
}

TEST(Nvml, AnIntegratedPartWithoutMemoryOfItsOwnIsUnified) {
  const GpuProfile gpu = nvml_card("gb10", "0000:01:00.0", "0x2e12");
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::unified);
  EXPECT_EQ(gpu.memory.state(), FactState::absent);
  EXPECT_EQ(gpu.usable_memory.value(), gibibytes(100));  // MemAvailable, below MemTotal
}

TEST(Nvml, ACardWhoseMemoryIsNotToldKeepsTheError) {
  const GpuProfile gpu = nvml_card("broken memory", "0000:01:00.0", "0x1e81");
  EXPECT_EQ(gpu.memory.reason(), "driver error: NVML: memory: Not Supported");
  EXPECT_NE(gpu.memory_kind.value_or(DeviceMemoryKind::dedicated), DeviceMemoryKind::unified);
  EXPECT_FALSE(gpu.usable_memory.is_known());
}

TEST(Nvml, TwoEqualCardsStayTwo) {
  MachineWithLibraries machine;
  add_nvidia(machine.tree, "0000:01:00.0", "0x1e81");
  add_nvidia(machine.tree, "0000:02:00.0", "0x1e81");
  const MachineProfile profile = machine.library("nvml", "twins").probe();
  ASSERT_EQ(profile.gpus.size(), 2U);
  EXPECT_EQ(profile.gpu_count.value(), 2U);
  EXPECT_TRUE(profile.gpus[0].memory.is_known());
  EXPECT_TRUE(profile.gpus[1].memory.is_known());
}

TEST(Nvml, ADriverThatIsNotLoadedIsAnErrorInItsOwnWords) {
  const GpuProfile gpu = nvml_card("no driver", "0000:01:00.0", "0x1e81");
  EXPECT_EQ(gpu.cuda_version.reason(), "driver error: NVML: Driver Not Loaded");
  EXPECT_EQ(gpu.memory.reason(), "driver error: NVML: Driver Not Loaded");
}

TEST(Nvml, IsNotLoadedWhereNoNvidiaDeviceIs) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x1002", "0x7590", "amdgpu");
  const auto begin = std::chrono::steady_clock::now();
  const MachineProfile profile = machine.library("nvml", "hang").probe();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_EQ(profile.gpus.at(0).cuda_version.source(), "not an NVIDIA part");
}

MachineProfile amd_card(const std::string& fake, const std::string& scenario) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x1002", "0x7590", "amdgpu");
  return machine.library(fake, scenario).probe();
}

TEST(Vulkan, TellsMemoryAndComputeFeatures) {
  const MachineProfile profile = amd_card("vulkan", "discrete");
  ASSERT_EQ(profile.gpus.size(), 1U);
  const GpuProfile& gpu = profile.gpus[0];
  EXPECT_EQ(gpu.name.value_or(""), "AMD Radeon RX 9060 XT");
  EXPECT_EQ(gpu.vulkan_version.value_or(""), "1.3.289");
  EXPECT_EQ(gpu.driver_version.value_or(""), "radv Mesa 25.0.1");
  EXPECT_EQ(gpu.memory.value(), gibibytes(16));  // the heap in system memory is not its own
  EXPECT_EQ(gpu.usable_memory.value(), gibibytes(14));
  EXPECT_EQ(gpu.max_buffer.value(), gibibytes(2));
  EXPECT_TRUE(gpu.fp16.value_or(false));
  EXPECT_TRUE(gpu.bfloat16.value_or(false));
  EXPECT_TRUE(gpu.int8_dot_product.value_or(false));
  EXPECT_EQ(gpu.min_subgroup_size.value_or(0), 32U);
  EXPECT_EQ(gpu.max_subgroup_size.value_or(0), 64U);
  EXPECT_THAT(gpu.cooperative_matrix.value(),
              testing::ElementsAre("16x16x16 float16 float32", "16x16x16 int8 int32"));
}

TEST(Vulkan, HeapsOfAnIntegratedPartAreNeverMoreThanTheMemoryThatIsThere) {
  MachineWithLibraries machine;  // the driver's files are not readable; heaps say 135 GiB
  add_pci(machine.tree, "0000:c5:00.0", "0x030000", "0x1002", "0xfff1", "amdgpu");
  add_meminfo(machine.tree, 128, 120);
  const GpuProfile gpu = machine.library("vulkan", "integrated").probe().gpus.at(0);
  EXPECT_EQ(gpu.memory_kind.value(), DeviceMemoryKind::shared);
  EXPECT_EQ(gpu.shared_memory.value(), gibibytes(135));
  EXPECT_EQ(gpu.usable_memory.value(), gibibytes(120));
}

TEST(Vulkan, ASoftwareDeviceIsListedAndNotCounted) {
  MachineWithLibraries machine;
  machine.tree.directory("/sys/bus/pci/devices");
  add_meminfo(machine.tree, 16, 12);
  const MachineProfile profile = machine.library("vulkan", "lavapipe").probe();
  ASSERT_EQ(profile.gpus.size(), 1U);
  EXPECT_TRUE(profile.gpus[0].software);
  EXPECT_THAT(profile.gpus[0].name.value_or(""), StartsWith("llvmpipe"));
  EXPECT_EQ(profile.gpu_count.value(), 0U);
  EXPECT_EQ(profile.gpus[0].usable_memory.state(), FactState::absent);
  EXPECT_FALSE(profile.gpus[0].memory.is_known());
}

TEST(Vulkan, ALoaderWithoutDriverListsNothing) {
  const GpuProfile gpu = amd_card("vulkan", "no driver").gpus.at(0);
  EXPECT_EQ(gpu.vulkan_version.source(), "Vulkan does not list it");
}

TEST(OpenCl, TellsTheDeviceAtItsAddress) {
  const MachineProfile profile = amd_card("opencl", "good");
  ASSERT_EQ(profile.gpus.size(), 1U);
  const GpuProfile& gpu = profile.gpus[0];
  EXPECT_EQ(gpu.opencl_version.value_or(""), "OpenCL 2.0");
  EXPECT_EQ(gpu.memory.value(), gibibytes(16));
  EXPECT_EQ(gpu.max_buffer.value(), gibibytes(14));
  EXPECT_TRUE(gpu.int8_dot_product.value_or(false));
  EXPECT_DOUBLE_EQ(gpu.max_clock_hertz.value_or(0), 2780e6);
}

TEST(OpenCl, AProcessorIsASoftwareDevice) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:00:02.0", "0x030000", "0x8086", "0x46a6", "i915");
  const MachineProfile profile = machine.library("opencl", "lavapipe").probe();
  ASSERT_EQ(profile.gpus.size(), 2U);
  EXPECT_FALSE(profile.gpus[0].opencl_version.is_known());
  EXPECT_TRUE(profile.gpus[1].software);
  EXPECT_EQ(profile.gpu_count.value(), 1U);
}

TEST(LevelZero, TellsMemoryOfAnIntelCardAndLeavesTheNpu) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x8086", "0x56a0", "xe");
  const MachineProfile profile = machine.library("level_zero", "good").probe();
  ASSERT_EQ(profile.gpus.size(), 1U);
  const GpuProfile& gpu = profile.gpus[0];
  EXPECT_EQ(gpu.level_zero_version.value_or(""), "1.3");
  EXPECT_EQ(gpu.memory.value(), Bytes(16225243136));
  EXPECT_EQ(gpu.compute_units.value_or(0), 32U);
  EXPECT_EQ(gpu.min_subgroup_size.value_or(0), 8U);
  EXPECT_EQ(gpu.max_subgroup_size.value_or(0), 32U);
  EXPECT_TRUE(gpu.fp16.value_or(false));
}

TEST(VendorLibraries, TheirAnswersMeetAtTheAddress) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x1002", "0x7590", "amdgpu");
  const MachineProfile profile =
      machine.library("vulkan", "good").library("opencl", "good").probe();
  ASSERT_EQ(profile.gpus.size(), 1U);
  EXPECT_TRUE(profile.gpus[0].vulkan_version.is_known());
  EXPECT_TRUE(profile.gpus[0].opencl_version.is_known());
  EXPECT_EQ(profile.gpus[0].memory.value(), gibibytes(16));  // told twice, counted once
}

TEST(VendorLibraries, ADeviceListedTwiceIsOneGpu) {
  MachineWithLibraries machine;  // two drivers of one card are installed
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x1002", "0x7590", "amdgpu");
  const MachineProfile profile = machine.library("vulkan", "two drivers").probe();
  EXPECT_EQ(profile.gpus.size(), 1U);
  EXPECT_EQ(profile.gpus[0].memory.value(), gibibytes(16));
}

TEST(VendorLibraries, ADeviceThatTheBusDoesNotShowIsAdded) {
  MachineWithLibraries machine;
  const MachineProfile profile = machine.library("vulkan", "two drivers").probe();
  ASSERT_EQ(profile.gpus.size(), 1U);
  EXPECT_EQ(profile.gpus[0].pci_address, "0000:03:00.0");
  EXPECT_EQ(profile.gpu_count.value(), 1U);
  EXPECT_EQ(profile.gpus[0].power_limit_watts.reason(), "Vulkan does not tell");
}

TEST(VendorLibraries, WhatIsNotInstalledIsSaid) {
  MachineWithLibraries machine;
  machine.tree.directory("/libraries");
  add_nvidia(machine.tree, "0000:01:00.0", "0x1e81");
  const GpuProfile gpu = machine.probe().gpus.at(0);
  EXPECT_EQ(gpu.vulkan_version.source(), "Vulkan loader not installed (libvulkan.so.1)");
  EXPECT_EQ(gpu.opencl_version.source(), "OpenCL loader not installed (libOpenCL.so.1)");
  EXPECT_EQ(gpu.memory.reason(), "NVML not installed (libnvidia-ml.so.1)");
}

TEST(VendorLibraries, ARecordingLoadsNone) {
  MachineTree tree;
  add_nvidia(tree, "0000:01:00.0", "0x1e81");
  MachineProfile machine;
  probe_gpus(tree.host(), machine);
  EXPECT_EQ(machine.gpus.at(0).vulkan_version.reason(), "a recording holds no libraries (Vulkan)");
}

TEST(VendorLibraries, AFileThatIsNoLibraryIsADriverError) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x1002", "0x7590", "amdgpu");
  machine.tree.file("/libraries/libvulkan.so.1", "not a library");
  EXPECT_THAT(machine.probe().gpus.at(0).vulkan_version.reason(),
              StartsWith("driver error: Vulkan: "));
}

TEST(VendorLibraries, LeaveTheProcessAsItWas) {
  ::setenv("DISPLAY", ":77", 1);
  (void)amd_card("vulkan", "good");
  EXPECT_STREQ(::getenv("DISPLAY"), ":77");
  ::unsetenv("DISPLAY");
}

/// How a library can fail, and what is said of it.
struct Failure {
  const char* scenario;
  const char* words;
};

class BadLibraries : public testing::TestWithParam<Failure> {};

TEST_P(BadLibraries, EndAsDriverErrorsInTimeAndLeaveNoProcess) {
  MachineWithLibraries machine;
  add_nvidia(machine.tree, "0000:01:00.0", "0x1e81");
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x8086", "0x56a0", "xe");
  for (const char* fake : {"nvml", "vulkan", "opencl", "level_zero"}) {
    machine.library(fake, GetParam().scenario);
  }
  const auto begin = std::chrono::steady_clock::now();
  const MachineProfile profile = machine.probe();
  EXPECT_LE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  // The bus says what it can, whatever the libraries do.
  ASSERT_EQ(profile.gpus.size(), 2U);
  EXPECT_EQ(profile.gpus[0].driver.value_or(""), "nvidia");
  const auto said = [](const std::string& library) {
    return testing::AllOf(StartsWith("driver error: " + library + ": "),
                          HasSubstr(GetParam().words));
  };
  EXPECT_THAT(profile.gpus[0].cuda_version.reason(), said("NVML"));
  EXPECT_THAT(profile.gpus[0].memory.reason(), said("NVML"));
  EXPECT_THAT(profile.gpus[0].vulkan_version.reason(), said("Vulkan"));
  EXPECT_THAT(profile.gpus[0].opencl_version.reason(), said("OpenCL"));
  EXPECT_THAT(profile.gpus[1].level_zero_version.reason(), said("Level Zero"));
  errno = 0;
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, BadLibraries,
                         testing::Values(Failure{"crash", "crashed (Segmentation fault)"},
                                         Failure{"abort", "crashed (Aborted)"},
                                         Failure{"hang", "no answer within 4 s"},
                                         Failure{"flood", "more than it announced"},
                                         Failure{"exit", "ended without a full answer"},
                                         Failure{"_exit", "ended without a full answer"},
                                         Failure{"close", "ended without a full answer"},
                                         Failure{"offspring", "no answer within 4 s"}),
                         [](const auto& failure) {
                           const std::string name = failure.param.scenario;
                           return name == "_exit" ? "immediate_exit" : name;
                         });

TEST(LibraryNonsense, TooManyDevicesAreADriverError) {
  EXPECT_EQ(amd_card("vulkan", "many").gpus.at(0).vulkan_version.reason(),
            "driver error: Vulkan: it tells of 3000000000 devices");
  EXPECT_EQ(amd_card("opencl", "many").gpus.at(0).opencl_version.reason(),
            "driver error: OpenCL: it tells of 4294967295 platforms");
  EXPECT_EQ(nvml_card("many", "0000:01:00.0", "0x1e81").cuda_version.reason(),
            "driver error: NVML: it tells of 4000000000 devices");
}

TEST(LibraryNonsense, NonsenseOfNvmlIsDropped) {
  const GpuProfile gpu = nvml_card("nonsense", "0000:01:00.0", "0x1e81");
  EXPECT_EQ(gpu.memory.reason(), "driver error: NVML tells nonsense of memory_bytes");
  EXPECT_FALSE(gpu.cores.is_known());
  EXPECT_FALSE(gpu.theoretical_bandwidth_bytes_per_second.is_known());
  EXPECT_FALSE(gpu.usable_memory.is_known());
}

TEST(LibraryNonsense, NonsenseOfVulkanIsDropped) {
  const MachineProfile profile = amd_card("vulkan", "nonsense");
  ASSERT_EQ(profile.gpus.size(), 1U);
  EXPECT_EQ(profile.gpus[0].memory.reason(), "driver error: Vulkan tells nonsense of memory_bytes");
  EXPECT_EQ(profile.gpus[0].max_subgroup_size.reason(),
            "driver error: Vulkan tells nonsense of max_subgroup_size");
}

TEST(LibraryNonsense, NonsenseOfOpenClIsDropped) {
  EXPECT_THAT(amd_card("opencl", "nonsense").gpus.at(0).opencl_version.reason(),
              StartsWith("driver error: OpenCL: "));
}

TEST(LibraryNonsense, NonsenseOfLevelZeroIsDropped) {
  MachineWithLibraries machine;
  add_pci(machine.tree, "0000:03:00.0", "0x030000", "0x8086", "0x56a0", "xe");
  const MachineProfile profile = machine.library("level_zero", "nonsense").probe();
  for (const GpuProfile& gpu : profile.gpus) {
    EXPECT_FALSE(gpu.usable_memory.is_known());
    EXPECT_FALSE(gpu.max_buffer.is_known());
  }
}

TEST(ChildProcess, EndsWhatAWorkStarted) {
  const auto answer = run_in_child(
      [] {
        const pid_t offspring = ::fork();
        if (offspring == 0) {
          while (true) ::pause();
        }
        return std::to_string(offspring);
      },
      std::chrono::seconds(10));
  ASSERT_TRUE(answer) << answer.error().message;
  const pid_t offspring = std::stoi(*answer);
  // Killed; whoever adopted it may not have reaped it yet.
  bool runs = true;
  for (int tries = 0; runs && tries < 200; ++tries) {
    std::ifstream status("/proc/" + *answer + "/stat");
    std::string id, name, state;
    status >> id >> name >> state;
    runs = !state.empty() && state != "Z" && state != "X";
    if (runs) ::usleep(10'000);
  }
  EXPECT_FALSE(runs);
  if (runs) ::kill(offspring, SIGKILL);
}

TEST(ChildProcess, CannotWriteAFile) {
  const MachineTree tree;
  const std::string path = tree.at("/written").string();
  const auto answer = run_in_child(
      [&path]() -> std::string {
        std::ofstream file(path);
        file << "text" << std::flush;
        return file ? "written" : "refused";
      },
      std::chrono::seconds(10));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "refused");
}

TEST(ChildProcess, HoldsNoneOfTheParentsFiles) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto answer = run_in_child([&ends] { return std::to_string(::write(ends[1], "x", 1)); },
                                   std::chrono::seconds(10));
  ::close(ends[0]);
  ::close(ends[1]);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "-1");
}

TEST(ChildProcess, SeveralWorkAtOnce) {
  const std::vector<ChildWork> works(4, [] {
    ::usleep(400'000);
    return std::string("done");
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto answers = run_in_children(works, std::chrono::seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1400));
  ASSERT_EQ(answers.size(), 4U);
  for (const auto& answer : answers) EXPECT_EQ(answer.value_or(""), "done");
}

}  // namespace
}  // namespace assay
