// Neural processors of hand-made trees: no recording of one is published. File names are those of
// the kernel's documentation (sysfs-driver-ivpu) and of the drivers' sources.
#include "probes/npu/npu_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

/// What a tree is to hold of one neural processor on the PCI bus.
struct Part {
  std::string address;
  std::string vendor;
  std::string device;
  std::string revision = "0x00";
  std::string driver;
  std::string node = "accel0";
};

void add_part(MachineTree& tree, const Part& part) {
  const std::string folder = "/sys/bus/pci/devices/" + part.address;
  tree.file(folder + "/class", "0x120000\n")
      .file(folder + "/vendor", part.vendor + "\n")
      .file(folder + "/device", part.device + "\n")
      .file(folder + "/revision", part.revision + "\n");
  if (part.driver.empty()) return;
  tree.link(folder + "/driver", "../../../../bus/pci/drivers/" + part.driver)
      .link("/sys/class/accel/" + part.node + "/device",
            "../../../devices/pci0000:00/" + part.address);
}

NpuProfile npu_of(const MachineTree& tree, const std::string& brand = {},
                  const NodeAccess& access = live_node_access) {
  MachineProfile machine;
  if (!brand.empty()) machine.cpu.brand = Fact<std::string>::known(brand, "CPUID");
  probe_npus(tree.host(), machine, access);
  return machine.npus.size() == 1 ? machine.npus[0] : NpuProfile{};
}

const NodeAccess k_open = [](const HostView&, const std::string& node) {
  return Fact<bool>::known(true, node);
};

const Part k_meteor_lake{"0000:00:0b.0", "0x8086", "0x7d1d", "0x04", "intel_vpu"};
const Part k_phoenix{"0000:c4:00.1", "0x1022", "0x1502", "0x00", "amdxdna"};

Part strix_family(const std::string& revision) {
  return {"0000:c5:00.1", "0x1022", "0x17f0", revision, "amdxdna"};
}

/// Published products: which name and peak a part of this id has beside this processor.
struct Product {
  Part part;
  const char* brand;
  const char* name;
  double low;
  double high;
};

void PrintTo(const Product& product, std::ostream* out) {
  *out << product.name << " of " << product.brand;
}

class NpuProducts : public testing::TestWithParam<Product> {};

TEST_P(NpuProducts, HaveTheirPublishedPeak) {
  MachineTree tree;
  add_part(tree, GetParam().part);
  const NpuProfile npu = npu_of(tree, GetParam().brand);
  EXPECT_EQ(npu.name, GetParam().name);
  EXPECT_DOUBLE_EQ(npu.tops_low.value_or(-1), GetParam().low);
  EXPECT_DOUBLE_EQ(npu.tops_high.value_or(-1), GetParam().high);
  EXPECT_THAT(npu.tops_high.source(), HasSubstr("published peak ("));
}

const Part k_arrow_lake{"0000:00:0b.0", "0x8086", "0xad1d", "0x00", "intel_vpu"};
const Part k_lunar_lake{"0000:00:0b.0", "0x8086", "0x643e", "0x00", "intel_vpu"};

INSTANTIATE_TEST_SUITE_P(
    Published, NpuProducts,
    testing::Values(
        Product{k_meteor_lake, "Intel(R) Core(TM) Ultra 7 155H", "Intel NPU (Meteor Lake)", 11,
                11.5},
        Product{k_arrow_lake, "Intel(R) Core(TM) Ultra 9 285K", "Intel NPU (Arrow Lake)", 13, 13},
        Product{k_arrow_lake, "Intel(R) Core(TM) Ultra 5 225", "Intel NPU (Arrow Lake)", 13, 13},
        Product{k_arrow_lake, "Intel(R) Core(TM) Ultra 7 255H", "Intel NPU (Arrow Lake)", 13, 13},
        Product{k_arrow_lake, "Intel(R) Core(TM) Ultra 5 225U", "Intel NPU (Arrow Lake)", 11, 13},
        Product{k_lunar_lake, "Intel(R) Core(TM) Ultra 9 288V", "Intel NPU (Lunar Lake)", 48, 48},
        Product{k_lunar_lake, "Intel(R) Core(TM) Ultra 5 226V", "Intel NPU (Lunar Lake)", 40, 48},
        Product{{"0000:00:0b.0", "0x8086", "0xb03e", "0x00", "intel_vpu"},
                "Intel(R) Core(TM) Ultra X9 388H",
                "Intel NPU (Panther Lake)",
                50,
                50},
        Product{k_phoenix, "AMD Ryzen 7 7840U w/ Radeon  780M Graphics", "AMD XDNA (Phoenix)", 10,
                10},
        Product{k_phoenix, "AMD Ryzen 7 PRO 8845HS w/ Radeon 780M Graphics",
                "AMD XDNA (Hawk Point)", 16, 16},
        Product{k_phoenix, "AMD Ryzen 7 250 w/ Radeon 780M Graphics", "AMD XDNA (Hawk Point)", 16,
                16},
        Product{k_phoenix, "", "AMD XDNA (Phoenix or Hawk Point)", 10, 16},
        Product{strix_family("0x10"), "AMD Ryzen AI 9 HX 370 w/ Radeon 890M",
                "AMD XDNA 2 (Strix Point)", 50, 50},
        Product{strix_family("0x10"), "AMD Ryzen AI 9 HX 375 w/ Radeon 890M",
                "AMD XDNA 2 (Strix Point)", 55, 55},
        Product{strix_family("0x11"), "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S",
                "AMD XDNA 2 (Strix Halo)", 50, 50},
        Product{strix_family("0x20"), "AMD Ryzen AI 7 350 w/ Radeon 860M",
                "AMD XDNA 2 (Krackan Point)", 50, 50},
        Product{{"0000:01:00.0", "0x1e60", "0x2864", "0x01", "hailo"},
                "ARMv8",
                "Hailo-8 or 8L",
                13,
                26}));

TEST(NpuParts, QualcommsCardHasNoPublishedPeakHere) {
  MachineTree tree;
  add_part(tree, {"0000:81:00.0", "0x17cb", "0xa100", "0x00", "qaic"});
  const NpuProfile npu = npu_of(tree);
  EXPECT_EQ(npu.name, "Qualcomm Cloud AI 100");
  EXPECT_EQ(npu.tops_high.state(), FactState::unknown);
}

TEST(NpuParts, TheDriversOwnNameTellsTheProduct) {
  MachineTree tree;
  add_part(tree, strix_family("0x99"));
  tree.file("/sys/bus/pci/devices/0000:c5:00.1/vbnv", "NPU Gorgon Point 1\n");
  const NpuProfile npu = npu_of(tree, "AMD Eng Sample");
  EXPECT_EQ(npu.name, "AMD XDNA 2 (Gorgon Point)");
  EXPECT_EQ(npu.board_name.value_or(""), "NPU Gorgon Point 1");
  EXPECT_THAT(npu.tops_high.source(), HasSubstr("name by the driver \"NPU Gorgon Point 1\""));
}

TEST(NpuDriver, ShowsFirmwareClockAndMemory) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  const std::string folder = "/sys/bus/pci/devices/0000:00:0b.0";
  tree.file(folder + "/npu_max_frequency_mhz", "1400\n")
      .file(folder + "/npu_memory_utilization", "268435456\n")
      .file(folder + "/fw_version", "1.5.2.380\n");
  const NpuProfile npu = npu_of(tree);
  EXPECT_DOUBLE_EQ(npu.max_frequency_hertz.value_or(0), 1.4e9);
  EXPECT_EQ(npu.memory_used.value_or(Bytes(0)), Bytes(268435456));
  EXPECT_EQ(npu.firmware_version.value_or(""), "1.5.2.380");
}

TEST(NpuDriver, PrefersTheNewerClockFile) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  const std::string folder = "/sys/bus/pci/devices/0000:00:0b.0";
  tree.file(folder + "/freq/hw_max_freq", "1950\n")
      .file(folder + "/npu_max_frequency_mhz", "1400\n");
  EXPECT_DOUBLE_EQ(npu_of(tree).max_frequency_hertz.value_or(0), 1.95e9);
}

TEST(NpuDriver, AnAbsurdClockIsUnknown) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  tree.file("/sys/bus/pci/devices/0000:00:0b.0/npu_max_frequency_mhz", "18446744073709551615\n");
  EXPECT_THAT(npu_of(tree).max_frequency_hertz.reason(), HasSubstr("not plausible"));
}

TEST(NpuUse, WithoutADriverIsImpossible) {
  MachineTree tree;
  Part part = k_meteor_lake;
  part.driver.clear();
  add_part(tree, part);
  const NpuProfile npu = npu_of(tree, {}, k_open);
  EXPECT_EQ(npu.driver.state(), FactState::absent);
  EXPECT_FALSE(npu.usable.value_or(true));
  EXPECT_THAT(npu.usable.source(), HasSubstr("no driver is bound"));
}

TEST(NpuUse, OfANodeThatIsClosedIsImpossible) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  const NpuProfile npu = npu_of(tree, {}, [](const HostView&, const std::string& node) {
    return Fact<bool>::known(false, node + ": not open to this user");
  });
  EXPECT_FALSE(npu.accessible.value_or(true));
  EXPECT_FALSE(npu.usable.value_or(true));
  EXPECT_EQ(npu.usable.source(), "/dev/accel/accel0: not open to this user");
}

TEST(NpuUse, WithoutARuntimeIsImpossible) {
  MachineTree tree;
  add_part(tree, k_phoenix);
  tree.file("/usr/lib/x86_64-linux-gnu/libc.so.6", "");
  const NpuProfile npu = npu_of(tree, {}, k_open);
  EXPECT_EQ(npu.runtime.state(), FactState::absent);
  EXPECT_FALSE(npu.usable.value_or(true));
  EXPECT_THAT(npu.usable.source(),
              HasSubstr("present, but no runtime that can use it is installed"));
}

TEST(NpuUse, NeedsDriverNodeAndRuntime) {
  MachineTree tree;
  add_part(tree, k_phoenix);
  tree.file("/opt/xilinx/xrt/lib/libxrt_core.so.2.21.0", "")
      .file("/opt/xilinx/xrt/lib/libxrt_driver_xdna.so.2", "");
  const NpuProfile npu = npu_of(tree, {}, k_open);
  EXPECT_EQ(npu.runtime.value_or(""), "XRT");
  EXPECT_TRUE(npu.usable.value_or(false));
}

TEST(NpuUse, OfARecordingIsNotKnown) {
  MachineTree tree;
  add_part(tree, k_phoenix);
  tree.file("/opt/xilinx/xrt/lib/libxrt_core.so.2", "")
      .file("/opt/xilinx/xrt/lib/libxrt_driver_xdna.so.2", "");
  EXPECT_THAT(npu_of(tree).usable.reason(), HasSubstr("a recording does not say"));
}

TEST(NpuRuntime, HalfOfOneIsNone) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  tree.file("/usr/lib/x86_64-linux-gnu/libze_loader.so.1", "");
  EXPECT_THAT(npu_of(tree).runtime.source(), HasSubstr("libze_intel_npu.so"));
}

TEST(NpuRuntime, AFrameworkAloneIsNone) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  tree.file("/usr/lib/x86_64-linux-gnu/openvino-2024.4.0/libopenvino_intel_npu_plugin.so", "");
  EXPECT_EQ(npu_of(tree).runtime.state(), FactState::absent);
}

TEST(NpuRuntime, AFrameworkIsNamedBesideItsRuntime) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  const std::string folder = "/usr/lib/x86_64-linux-gnu";
  tree.file(folder + "/openvino-2024.4.0/libopenvino_intel_npu_plugin.so", "")
      .file(folder + "/libze_intel_npu.so.1", "")
      .file(folder + "/libze_loader.so.1", "");
  EXPECT_EQ(npu_of(tree).runtime.value_or(""), "Level Zero, OpenVINO NPU plug-in");
}

TEST(NpuRuntime, ARecordingWithoutLibrariesSaysNothing) {
  MachineTree tree;
  add_part(tree, k_meteor_lake);
  EXPECT_EQ(npu_of(tree).runtime.state(), FactState::unknown);
}

TEST(PlatformNpu, RockchipsCoresAreOnePart) {
  MachineTree tree;
  const std::string compatible("rockchip,rk3588-rknn-core\0", 26);
  for (const std::string device : {"fdab0000.npu", "fdac0000.npu", "fdad0000.npu"}) {
    const std::string folder = "/sys/bus/platform/devices/" + device;
    tree.file(folder + "/of_node/compatible", compatible)
        .link(folder + "/driver", "../../../bus/platform/drivers/rocket");
  }
  tree.link("/sys/class/accel/accel0/device", "../../../devices/platform/rknn")
      .file("/usr/lib/aarch64-linux-gnu/libteflon.so", "");
  const NpuProfile npu = npu_of(tree, {}, k_open);
  EXPECT_EQ(npu.name, "Rockchip NPU (RK3588)");
  EXPECT_EQ(npu.device_node.value_or(""), "/dev/accel/accel0");
  EXPECT_DOUBLE_EQ(npu.tops_high.value_or(0), 6);
  EXPECT_TRUE(npu.usable.value_or(false));
}

TEST(PlatformNpu, RockchipsOwnDriverHasANodeOfItsOwn) {
  MachineTree tree;
  const std::string folder = "/sys/bus/platform/devices/fdab0000.npu";
  tree.file(folder + "/of_node/compatible", std::string("rockchip,rk3588-rknpu\0", 22))
      .link(folder + "/driver", "../../../bus/platform/drivers/RKNPU")
      .directory("/sys/class/misc/rknpu");
  EXPECT_EQ(npu_of(tree).device_node.value_or(""), "/dev/rknpu");
}

TEST(PlatformNpu, SnapdragonsProcessorIsReachedByFastRpc) {
  MachineTree tree;
  tree.file("/proc/device-tree/compatible",
            std::string("lenovo,thinkpad-t14s\0qcom,x1e78100\0qcom,x1e80100\0", 50))
      .directory("/sys/class/misc/fastrpc-cdsp");
  const NpuProfile npu = npu_of(tree);
  EXPECT_EQ(npu.name, "Qualcomm Hexagon (Snapdragon X Elite)");
  EXPECT_DOUBLE_EQ(npu.tops_low.value_or(0), 45);
  EXPECT_EQ(npu.device_node.value_or(""), "/dev/fastrpc-cdsp");
}

TEST(PlatformNpu, AnotherChipHasNone) {
  MachineTree tree;
  tree.file("/proc/device-tree/compatible",
            std::string("raspberrypi,5-model-b\0brcm,bcm2712\0", 36))
      .directory("/sys/class/accel");
  MachineProfile machine;
  probe_npus(tree.host(), machine);
  EXPECT_EQ(machine.npu_count.value_or(9), 0U);
}

}  // namespace
}  // namespace assay
