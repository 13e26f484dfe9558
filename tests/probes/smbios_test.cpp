#include "probes/memory/smbios.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.hpp"
#include "probes/memory/memory_modules.hpp"

namespace assay {
namespace {

std::string table_of(const char* name) {
  const auto path = std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/smbios" / name;
  return read_file(path, mebibytes(1)).value_or("");
}

MemoryModule module_at(std::string locator, std::uint32_t bits, std::uint32_t rate) {
  MemoryModule module;
  module.locator = std::move(locator);
  module.bytes = gibibytes(8);
  module.data_bits = bits;
  module.configured_megatransfers_per_second = rate;
  return module;
}

TEST(Smbios, ReadsPopulatedSlotsOnly) {
  const auto modules = read_memory_modules(table_of("ASRock-Single-Ryzen.dmi"));
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules[0].bank.value_or(""), "P0 CHANNEL A");
  EXPECT_EQ(modules[0].bytes, gibibytes(32));
}

TEST(Smbios, TakesTheConfiguredRateNotTheRatedOne) {
  const auto modules = read_memory_modules(table_of("Dell-PowerEdge-R630-Dual-Xeon.dmi"));
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules[0].configured_megatransfers_per_second, 1866U);
}

TEST(Smbios, TwoNamedChannelsAdd) {
  const auto rate = modules_bandwidth(read_memory_modules(table_of("ASRock-Single-Ryzen.dmi")));
  EXPECT_DOUBLE_EQ(rate.value_or(0), 2 * 8 * 2400e6);
}

TEST(Smbios, OneModuleIsOneChannel) {
  const std::string file = table_of("Beelink-EQ12.dmi");
  ASSERT_GT(file.size(), 32U);
  const auto rate = modules_bandwidth(read_memory_modules(std::string_view(file).substr(32)));
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

}  // namespace
}  // namespace assay
