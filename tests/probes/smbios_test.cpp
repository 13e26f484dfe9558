#include "probes/memory/smbios.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.hpp"
#include "base/json.hpp"
#include "probes/memory/memory_modules.hpp"
#include "tests/probes/smbios_table.hpp"

namespace assay {
namespace {

const std::filesystem::path k_tables = std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/smbios";

std::string table_of(const std::string& name) {
  return read_file(k_tables / name, mebibytes(1)).value_or("");
}

MemoryModule module_at(std::string locator, std::uint32_t bits, std::uint32_t rate) {
  MemoryModule module;
  module.locator = std::move(locator);
  module.bytes = gibibytes(8);
  module.data_bits = bits;
  module.configured_megatransfers_per_second = rate;
  return module;
}

Json index_row(const MemoryModule& module) {
  return Json{{"locator", module.locator.value_or("")},
              {"bank", module.bank.value_or("")},
              {"mebibytes", module.bytes.value >> 20U},
              {"type", module.type.value_or("")},
              {"data_bits", module.data_bits.value_or(0)},
              {"rated", module.rated_megatransfers_per_second.value_or(0)},
              {"configured", module.configured_megatransfers_per_second.value_or(0)},
              {"manufacturer", module.manufacturer.value_or("")},
              {"part_number", module.part_number.value_or("")}};
}

TEST(Smbios, EveryRecordedTableHasTheModulesOfTheIndex) {
  const auto index = read_json_file(k_tables / "expected.json");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->size(), 4U);
  for (const Json& row : *index) {
    const auto file = row["file"].get<std::string>();
    Json modules = Json::array();
    for (const MemoryModule& module : read_memory_modules(table_of(file))) {
      modules.push_back(index_row(module));
    }
    EXPECT_EQ(modules, row["modules"]) << file;
  }
}

TEST(Smbios, ModulesBeyond32GiBUseTheExtendedSize) {
  MemoryDeviceRow row{.locator = "DIMM0"};
  row.size = 0x7FFF;
  row.extended_size = 131072;
  const auto modules = read_memory_modules(memory_table({row}));
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_EQ(modules[0].bytes, gibibytes(128));
}

TEST(Smbios, SizesInKibibytesAreMarkedByTheHighestBit) {
  MemoryDeviceRow row{.locator = "DIMM0"};
  row.size = 0x8000 | 512;
  EXPECT_EQ(read_memory_modules(memory_table({row})).at(0).bytes, Bytes(512 * 1024));
}

TEST(Smbios, RatesBeyond16BitsUseTheExtendedFields) {
  MemoryDeviceRow row{.locator = "DIMM0"};
  row.size = 16384;
  row.speed = row.configured = 0xFFFF;
  row.extended_speed = 80'000;
  row.extended_configured = 70'000;
  const auto modules = read_memory_modules(memory_table({row}));
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_EQ(modules[0].rated_megatransfers_per_second, 80'000U);
  EXPECT_EQ(modules[0].configured_megatransfers_per_second, 70'000U);
}

TEST(Smbios, AnOlderShorterStructureHasNoConfiguredRate) {
  MemoryDeviceRow row{.locator = "DIMM0"};
  row.size = 4096;
  row.speed = 1600;
  row.configured = 1333;
  std::string table = memory_table({row});
  table.erase(0x1C, 0x5C - 0x1C);  // as in SMBIOS 2.6
  table[1] = 0x1C;
  const auto modules = read_memory_modules(table);
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_EQ(modules[0].rated_megatransfers_per_second, 1600U);
  EXPECT_FALSE(modules[0].configured_megatransfers_per_second);
  EXPECT_EQ(modules[0].locator, "DIMM0");
}

/// Soldered low-power memory: each device is a sub-channel of 16 or 32 bits.
std::vector<MemoryDeviceRow> soldered(std::size_t count, std::uint16_t width, std::uint16_t rate) {
  MemoryDeviceRow row{.locator = "Onboard"};
  row.size = 16384;
  row.data_width = width;
  row.type = 0x23;  // LPDDR5
  row.speed = row.configured = rate;
  return {count, row};
}

TEST(Smbios, UnnamedLowPowerDevicesAreASubChannelEach) {
  // 16 devices of 16 bit at 8533 MT/s are a bus of 256 bit, as a GB10 has: 273 GB/s.
  const auto modules = read_memory_modules(memory_table(soldered(16, 16, 8533)));
  EXPECT_EQ(count_channels(modules).value_or(0), 16U);
  EXPECT_DOUBLE_EQ(modules_bandwidth(modules).value_or(0), 32 * 8533e6);
  EXPECT_EQ(modules.at(0).type, "LPDDR5");
}

TEST(Smbios, LowPowerDevicesOf32BitsCountByTheirWidth) {
  const auto modules = read_memory_modules(memory_table(soldered(4, 32, 7500)));
  EXPECT_DOUBLE_EQ(modules_bandwidth(modules).value_or(0), 16 * 7500e6);
}

TEST(Smbios, ASingleUnnamedModuleIsOneChannel) {
  MemoryDeviceRow row{.locator = "A1"};
  row.size = 8192;
  row.configured = 3200;
  const auto modules = read_memory_modules(memory_table({row}));
  EXPECT_EQ(count_channels(modules).value_or(0), 1U);
  EXPECT_DOUBLE_EQ(modules_bandwidth(modules).value_or(0), 8 * 3200e6);
}

TEST(Smbios, WithoutAConfiguredRateTheRatedOneIsTakenAndSaidSo) {
  MemoryDeviceRow row{.locator = "ChannelA-DIMM0"};
  row.size = 8192;
  row.speed = 5600;
  const auto rate = modules_bandwidth(read_memory_modules(memory_table({row})));
  EXPECT_DOUBLE_EQ(rate.value_or(0), 8 * 5600e6);
  EXPECT_THAT(rate.source(), testing::HasSubstr("rated"));
}

TEST(Smbios, TwoNamedChannelsAdd) {
  const auto rate = modules_bandwidth(read_memory_modules(table_of("ASRock-Single-Ryzen.dmi")));
  EXPECT_DOUBLE_EQ(rate.value_or(0), 2 * 8 * 2400e6);
}

TEST(Smbios, OneModuleIsOneChannel) {
  const auto rate = modules_bandwidth(read_memory_modules(table_of("Beelink-EQ12.dmi")));
  EXPECT_DOUBLE_EQ(rate.value_or(0), 8 * 4800e6);
}

TEST(Smbios, SeveralModulesWithoutNamedChannelsAreUnknown) {
  const auto rate =
      modules_bandwidth(read_memory_modules(table_of("Dell-PowerEdge-R630-Dual-Xeon.dmi")));
  EXPECT_THAT(rate.reason(), testing::HasSubstr("does not name the channels"));
}

TEST(Smbios, TwoModulesOnOneChannelDoNotDoubleIt) {
  const auto rate = modules_bandwidth(
      {module_at("ChannelA-DIMM0", 64, 3200), module_at("ChannelA-DIMM1", 64, 3200)});
  EXPECT_DOUBLE_EQ(rate.value_or(0), 8 * 3200e6);
}

TEST(Smbios, NarrowDevicesOfSolderedMemoryCountByTheirWidth) {
  std::vector<MemoryModule> modules;
  for (const char* name : {"Controller0-ChannelA", "Controller0-ChannelB", "Controller0-ChannelC",
                           "Controller0-ChannelD", "Controller1-ChannelA", "Controller1-ChannelB",
                           "Controller1-ChannelC", "Controller1-ChannelD"}) {
    modules.push_back(module_at(name, 16, 6400));
  }
  EXPECT_DOUBLE_EQ(modules_bandwidth(modules).value_or(0), 16 * 6400e6);
}

TEST(Smbios, StopsAtAStructureOfLengthZero) {
  EXPECT_TRUE(read_memory_modules(table_of("HyperV.dmi")).empty());
}

TEST(Smbios, EveryTruncationIsHarmless) {
  const std::string table = table_of("ASRock-Single-Ryzen.dmi");
  for (std::size_t size = 0; size < table.size(); ++size) {
    EXPECT_LE(read_memory_modules(std::string_view(table).substr(0, size)).size(), 2U);
  }
}

TEST(Smbios, HostileTablesEnd) {
  const std::string structure = memory_device({.locator = "DIMM0"});
  std::string no_end = structure;
  no_end.pop_back();
  no_end.pop_back();
  std::string too_long = structure;
  too_long[1] = '\xFF';
  for (const std::string& table :
       {std::string(), std::string(1 << 16, '\0'), std::string(1 << 16, '\x11'),
        std::string(1 << 16, '\xFF'), no_end, too_long, std::string("_SM3_"),
        "_SM3_" + std::string(27, '\xFF'), "_SM_" + std::string(28, '\0')}) {
    EXPECT_LE(read_memory_modules(table).size(), 1024U);
  }
}

TEST(Smbios, StringNumbersBeyondTheStringsAreNoText) {
  MemoryDeviceRow row{.locator = "DIMM0"};
  row.size = 1024;
  std::string table = memory_table({row});
  table[0x11] = '\xFF';  // bank: string 255
  table[0x17] = 7;       // manufacturer: string 7
  const auto modules = read_memory_modules(table);
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_FALSE(modules[0].bank);
  EXPECT_FALSE(modules[0].manufacturer);
}

}  // namespace
}  // namespace assay
