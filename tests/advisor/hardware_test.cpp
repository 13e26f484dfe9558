#include "advisor/hardware.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

using ::testing::HasSubstr;

const HardwareTable& table() {
  static const HardwareTable k_table = builtin_hardware().value();
  return k_table;
}

TEST(Hardware, ANameIsFoundHoweverItIsWritten) {
  for (const char* name : {"NVIDIA GeForce RTX 4060", "rtx 4060", "RTX4060", "geforce-rtx-4060"}) {
    const auto found = find_hardware(table(), name);
    ASSERT_TRUE(found) << found.error().text();
    ASSERT_NE(found->gpu, nullptr) << name;
    EXPECT_EQ(found->gpu->name, "NVIDIA GeForce RTX 4060");
  }
  const auto laptop = find_hardware(table(), "ryzen 7 7840hs");
  ASSERT_TRUE(laptop) << laptop.error().text();
  ASSERT_NE(laptop->processor, nullptr);
  EXPECT_EQ(laptop->processor->name, "AMD Ryzen 7 7840HS");
}

TEST(Hardware, ALaptopsCardIsNotItsDesktopNamesake) {
  const auto desktop = find_hardware(table(), "RTX 5070");
  const auto laptop = find_hardware(table(), "RTX 5070 Mobile");
  ASSERT_TRUE(desktop);
  ASSERT_TRUE(laptop);
  EXPECT_LT(laptop->gpu->bandwidth_bytes_per_second, desktop->gpu->bandwidth_bytes_per_second);
}

TEST(Hardware, AnUnknownNameSuggestsTheNearest) {
  const auto found = find_hardware(table(), "RTX 4061");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::usage);
  EXPECT_THAT(found.error().remedy, HasSubstr("NVIDIA GeForce RTX 4060"));
}

TEST(Hardware, ANameThatFitsSeveralNamesThem) {
  const auto found = find_hardware(table(), "RTX 3060 GB");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text(), HasSubstr("fits several"));
  EXPECT_THAT(found.error().remedy, HasSubstr("NVIDIA GeForce RTX 3060 12 GB"));
}

TEST(Hardware, WordsThatTellNothingApartAreNoName) {
  EXPECT_FALSE(find_hardware(table(), "NVIDIA"));
  EXPECT_FALSE(find_hardware(table(), ""));
  EXPECT_FALSE(find_hardware(table(), "--"));
}

TEST(Hardware, EveryEntryHasASource) {
  EXPECT_GT(table().gpus.size(), 200U);
  EXPECT_GT(table().processors.size(), 200U);
  for (const GraphicsCard& card : table().gpus) EXPECT_FALSE(card.source.empty()) << card.name;
  for (const Processor& processor : table().processors) {
    EXPECT_FALSE(processor.source.empty()) << processor.name;
    EXPECT_TRUE(processor.bandwidth_bytes_per_second || processor.reached_bytes_per_second)
        << processor.name;
  }
}

/// A table of one card, with something put into it.
std::string gpus(const std::string& fields) {
  return R"({"schema": "assay.gpus/1", "sources": {"s": "somewhere"}, "gpus": [{"name": "A",
      "vendor": "v", "segment": "desktop", "aliases": [], "memory_gb": [8],
      "shared_with_cpu": false, "source": "s", )" +
         fields + "}]}";
}

TEST(Hardware, ABadTableIsRefusedByField) {
  struct Bad {
    std::string text;
    const char* names;
  };
  for (const Bad& bad :
       {Bad{gpus(R"("bandwidth_gbps": -1)"), "/gpus/0/bandwidth_gbps"},
        Bad{gpus(R"("bandwidth_gbps": 1e300)"), "/gpus/0/bandwidth_gbps"},
        Bad{gpus(R"("bandwidth_gbps": "fast")"), "/gpus/0/bandwidth_gbps"},
        Bad{gpus(R"("bandwidth": 5)"), "bandwidth"}, Bad{R"({"schema": "assay.gpus/2"})", "schema"},
        Bad{R"([1, 2])", "t.json"}, Bad{"{", "t.json"}}) {
    const auto read = parse_gpus(bad.text, "t.json");
    ASSERT_FALSE(read) << bad.text;
    EXPECT_EQ(read.error().code, ErrorCode::refused_input);
    EXPECT_THAT(read.error().text(), HasSubstr(bad.names));
  }
  EXPECT_TRUE(parse_gpus(gpus(R"("bandwidth_gbps": 272)"), "t.json"));
}

TEST(Hardware, ASourceThatIsNotListedIsRefused) {
  const auto read = parse_processors(
      R"({"schema": "assay.processors/1", "sources": {}, "processors": [{"name": "A", "vendor": "v",
          "segment": "laptop", "memory": [], "bandwidth_gbps": 10, "source": "s9"}]})",
      "t.json");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text(), HasSubstr("s9"));
}

}  // namespace
}  // namespace assay
