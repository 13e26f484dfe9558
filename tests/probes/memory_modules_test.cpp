// Modules by every source that a machine may offer, and what is said when none does.
#include "probes/memory/memory_modules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/memory/memory_probe.hpp"
#include "probes/os/child_process.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/smbios_table.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr std::string_view k_firmware = "/sys/firmware/dmi/tables/DMI";
constexpr std::string_view k_database = "/run/udev/data/+dmi:id";

constexpr std::string_view k_two_channels =
    "I:1234\n"
    "E:MEMORY_ARRAY_NUM_DEVICES=4\n"
    "E:MEMORY_DEVICE_0_PRESENT=0\n"
    "E:MEMORY_DEVICE_0_LOCATOR=DIMM 0\n"
    "E:MEMORY_DEVICE_1_TOTAL_WIDTH=64\n"
    "E:MEMORY_DEVICE_1_DATA_WIDTH=64\n"
    "E:MEMORY_DEVICE_1_SIZE=17179869184\n"
    "E:MEMORY_DEVICE_1_LOCATOR=DIMM 1\n"
    "E:MEMORY_DEVICE_1_BANK_LOCATOR=P0 CHANNEL A\n"
    "E:MEMORY_DEVICE_1_TYPE=DDR4\n"
    "E:MEMORY_DEVICE_1_SPEED_MTS=3200\n"
    "E:MEMORY_DEVICE_1_SERIAL_NUMBER=12345678\n"
    "E:MEMORY_DEVICE_1_MANUFACTURER=Kingston\n"
    "E:MEMORY_DEVICE_1_PART_NUMBER=KF3200C16D4/16GX\n"
    "E:MEMORY_DEVICE_1_CONFIGURED_SPEED_MTS=2667\n"
    "E:MEMORY_DEVICE_3_DATA_WIDTH=64\n"
    "E:MEMORY_DEVICE_3_SIZE=17179869184\n"
    "E:MEMORY_DEVICE_3_LOCATOR=DIMM 1\n"
    "E:MEMORY_DEVICE_3_BANK_LOCATOR=P0 CHANNEL B\n"
    "E:MEMORY_DEVICE_3_TYPE=<OUT OF SPEC>\n"
    "E:MEMORY_DEVICE_3_SPEED_MTS=3200\n"
    "E:MEMORY_DEVICE_3_CONFIGURED_SPEED_MTS=2667\n"
    "E:MEMORY_DEVICE_3_MANUFACTURER=Not Specified\n";

TEST(MemoryModules, FirmwaresTableGivesModulesChannelsAndBandwidth) {
  MemoryDeviceRow row{.locator = "Controller0-ChannelA-DIMM0"};
  row.size = 16384;
  row.speed = 5600;
  row.configured = 4800;
  MemoryDeviceRow other = row;
  other.locator = "Controller1-ChannelA-DIMM0";
  MachineTree tree;
  tree.file(k_firmware, memory_table({row, other}));
  const MemoryProfile memory = probe_memory(tree.host());
  ASSERT_EQ(memory.modules.value_or({}).size(), 2U);
  EXPECT_EQ(memory.modules.source(), "SMBIOS");
  EXPECT_EQ(memory.channels.value_or(0), 2U);
  EXPECT_DOUBLE_EQ(memory.theoretical_bandwidth_bytes_per_second.value_or(0), 16 * 4800e6);
  EXPECT_THAT(memory.theoretical_bandwidth_bytes_per_second.source(), HasSubstr("SMBIOS"));
}

TEST(MemoryModules, UdevsDatabaseServesWithoutRoot) {
  MachineTree tree;
  tree.file(k_database, k_two_channels);
  const MemoryProfile memory = probe_memory(tree.host());
  ASSERT_EQ(memory.modules.value_or({}).size(), 2U);
  const MemoryModule& first = memory.modules.value()[0];
  EXPECT_EQ(first.bytes, gibibytes(16));
  EXPECT_EQ(first.type, "DDR4");
  EXPECT_EQ(first.manufacturer, "Kingston");
  EXPECT_EQ(first.rated_megatransfers_per_second, 3200U);
  EXPECT_EQ(memory.channels.value_or(0), 2U);
  EXPECT_DOUBLE_EQ(memory.theoretical_bandwidth_bytes_per_second.value_or(0), 16 * 2667e6);
  EXPECT_THAT(memory.theoretical_bandwidth_bytes_per_second.source(), HasSubstr("udev"));
}

TEST(MemoryModules, UdevsWordsForNothingAreNothing) {
  const auto modules = read_udev_modules(k_two_channels);
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_FALSE(modules[1].type);
  EXPECT_FALSE(modules[1].manufacturer);
}

TEST(MemoryModules, ABrokenUdevDatabaseIsPassedOver) {
  for (const char* text : {"E:MEMORY_DEVICE_", "E:MEMORY_DEVICE_0", "E:MEMORY_DEVICE_x_SIZE=1",
                           "E:MEMORY_DEVICE_0_SIZE=-1", "E:MEMORY_DEVICE_0_SIZE=",
                           "E:MEMORY_DEVICE_99999999999_SIZE=1", "E:MEMORY_DEVICE_0=SIZE_1"}) {
    EXPECT_TRUE(read_udev_modules(text).empty()) << text;
  }
}

TEST(MemoryModules, TheErrorCorrectionDriverTellsSizesButNoSpeed) {
  MachineTree tree;
  const std::string folder = "/sys/devices/system/edac/mc/mc0/";
  tree.file(folder + "dimm0/size", "16384\n")
      .file(folder + "dimm0/dimm_mem_type", "Registered-DDR4\n")
      .file(folder + "dimm0/dimm_location", "channel 0 slot 0\n")
      .file(folder + "dimm1/size", "0\n")
      .file(folder + "dimm3/size", "16384\n")
      .file(folder + "dimm3/dimm_mem_type", "Registered-DDR4\n")
      .file(folder + "dimm3/dimm_location", "channel 1 slot 0\n");
  const MemoryProfile memory = probe_memory(tree.host());
  ASSERT_EQ(memory.modules.value_or({}).size(), 2U);
  EXPECT_EQ(memory.modules.source(), "EDAC");
  EXPECT_EQ(memory.modules.value()[0].type, "DDR4");
  EXPECT_EQ(memory.channels.value_or(0), 2U);
  EXPECT_THAT(memory.theoretical_bandwidth_bytes_per_second.reason(), HasSubstr("needs root"));
}

TEST(MemoryModules, ADeniedTableNamesTheRemedy) {
  MachineTree tree;
  tree.file(k_firmware, memory_table({{.locator = "DIMM0"}}));
  ::chmod(tree.at(k_firmware).c_str(), 0);
  const auto reason = run_in_child(
      [&tree]() -> std::string {
        constexpr uid_t k_nobody = 65534;
        if (::geteuid() == 0 && ::seteuid(k_nobody) != 0) return "still root";
        return probe_memory(tree.host()).modules.reason();
      },
      std::chrono::seconds(10));
  ASSERT_TRUE(reason) << reason.error().message;
  EXPECT_THAT(*reason, HasSubstr("needs root"));
}

TEST(MemoryModules, ARecordingWithoutAnySourceIsUnknown) {
  const MachineTree tree;
  const MemoryProfile memory = probe_memory(tree.host());
  EXPECT_THAT(memory.modules.reason(), HasSubstr("recording lacks"));
  EXPECT_EQ(memory.channels.state(), FactState::unknown);
}

TEST(MemoryModules, NoSerialNumberIsKept) {
  const auto modules = read_udev_modules(k_two_channels);
  for (const MemoryModule& module : modules) {
    for (const auto& text :
         {module.locator, module.bank, module.type, module.manufacturer, module.part_number}) {
      EXPECT_THAT(text.value_or(""), testing::Not(HasSubstr("12345678")));
    }
  }
}

}  // namespace
}  // namespace assay
