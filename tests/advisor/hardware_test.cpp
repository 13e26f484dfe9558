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

GpuProfile gpu_of(const char* name, std::uint16_t vendor, std::uint16_t device) {
  GpuProfile gpu;
  gpu.vendor_id = vendor;
  gpu.device_id = device;
  if (name != nullptr) gpu.name = Fact<std::string>::known(name, "test");
  return gpu;
}

GpuProfile with_memory(GpuProfile gpu, Bytes memory) {
  gpu.memory = Fact<Bytes>::known(memory, "test");
  return gpu;
}

TEST(Hardware, AGpuIsFoundByWhatItsDriverSays) {
  struct Case {
    GpuProfile gpu;
    const char* card;
  };
  for (const Case& one :
       {Case{gpu_of("NVIDIA GeForce RTX 4060 Laptop GPU", 0x10de, 0x28e0),
             "NVIDIA GeForce RTX 4060 Mobile"},
        Case{gpu_of("AMD Radeon RX 7900 XTX (RADV NAVI31)", 0x1002, 0x744c),
             "AMD Radeon RX 7900 XTX"},
        Case{gpu_of("Intel(R) Arc(tm) A770 Graphics (DG2)", 0x8086, 0x56a0), "Intel Arc A770"},
        Case{gpu_of(nullptr, 0x10de, 0x2882), "NVIDIA GeForce RTX 4060"},
        Case{with_memory(gpu_of("NVIDIA GeForce RTX 3060", 0x10de, 0x2503), mebibytes(12288)),
             "NVIDIA GeForce RTX 3060 12 GB"},
        Case{with_memory(gpu_of("NVIDIA GeForce RTX 3060", 0x10de, 0x2503), mebibytes(8192)),
             "NVIDIA GeForce RTX 3060 8 GB"},
        Case{with_memory(gpu_of("NVIDIA GeForce RTX 3080", 0x10de, 0x220a), mebibytes(12288)),
             "NVIDIA GeForce RTX 3080 12 GB"},
        Case{with_memory(gpu_of("NVIDIA GeForce RTX 4060 Ti", 0x10de, 0), mebibytes(16380)),
             "NVIDIA GeForce RTX 4060 Ti 16 GB"},
        // Two parts share the id and read alike.
        Case{gpu_of("AMD Radeon Graphics (RADV PHOENIX)", 0x1002, 0x1900),
             "AMD Radeon 760M or AMD Radeon 780M"}}) {
    const auto found = find_gpu(table(), one.gpu);
    ASSERT_TRUE(found) << one.card << ": " << found.error().text();
    EXPECT_EQ(found->name, one.card);
  }
}

TEST(Hardware, AGpuThatMayBeSeveralCardsIsNone) {
  const auto found = find_gpu(table(), gpu_of(nullptr, 0x1002, 0x744c));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unknown);
  EXPECT_THAT(found.error().text(), HasSubstr("AMD Radeon RX 7900 XT or AMD Radeon RX 7900 XTX"));
  EXPECT_FALSE(find_gpu(table(), gpu_of("NVIDIA Quadro K2000", 0x10de, 0x0ffe)));
  EXPECT_FALSE(find_gpu(table(), gpu_of(nullptr, 0, 0)));
}

TEST(Hardware, AGpuIsNoCardOfAnotherVendor) {
  GpuProfile gpu = gpu_of("AMD Radeon Graphics", 0x1002, 0);
  gpu.vendor = "AMD";
  const auto found = find_gpu(table(), gpu);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text(), testing::Not(HasSubstr("Intel")));
  // A name that says nothing fits many: five are named.
  gpu.name = Fact<std::string>::known("Graphics", "test");
  gpu.vendor = "";
  const auto many = find_gpu(table(), gpu);
  ASSERT_FALSE(many);
  EXPECT_THAT(many.error().text(), testing::ContainsRegex("or [0-9]+ others"));
}

TEST(Hardware, WhatIsSoldWithAProcessorIsKnownWhereASourceSays) {
  const auto laptop = find_hardware(table(), "i7-8550U");
  ASSERT_TRUE(laptop);
  EXPECT_EQ(laptop->processor->most_memory, gibibytes(32));
  EXPECT_FALSE(laptop->processor->memory_source.empty());
  const auto apple = find_hardware(table(), "Apple M4 Max (14-core)");
  ASSERT_TRUE(apple);
  EXPECT_EQ(apple->processor->memory_sizes, std::vector<Bytes>{gibibytes(36)});
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
        Bad{gpus(R"("bandwidth": 5)"), "bandwidth"},
        Bad{gpus(R"("bandwidth_gbps": 5, "pci_ids": [7])"), "/gpus/0/pci_ids"},
        Bad{gpus(R"("bandwidth_gbps": 5, "fp32_tflops": 0, "compute_source": "s")"), "fp32_tflops"},
        Bad{gpus(R"("bandwidth_gbps": 5, "fp32_tflops": 9)"), "compute_source"},
        Bad{R"({"schema": "assay.gpus/2"})", "schema"}, Bad{R"([1, 2])", "t.json"},
        Bad{"{", "t.json"}}) {
    const auto read = parse_gpus(bad.text, "t.json");
    ASSERT_FALSE(read) << bad.text;
    EXPECT_EQ(read.error().code, ErrorCode::refused_input);
    EXPECT_THAT(read.error().text(), HasSubstr(bad.names));
  }
  EXPECT_TRUE(parse_gpus(gpus(R"("bandwidth_gbps": 272)"), "t.json"));
}

TEST(Hardware, CoresThatNoProcessorHasAreRefused) {
  for (const char* cores :
       {"0", "4097", "2.5", R"(4, "performance_cores": 5, "cores_source": "s1")",
        R"(4, "performance_cores": 4, "efficiency_cores": 1)"}) {
    const auto read = parse_processors(
        std::string(R"({"schema": "assay.processors/1", "sources": {"s1": "x"}, "processors": [
          {"name": "A", "vendor": "v", "segment": "laptop", "memory": [], "bandwidth_gbps": 10,
           "source": "s1", "cores": )") +
            cores + "}]}",
        "t.json");
    ASSERT_FALSE(read) << cores;
    EXPECT_THAT(read.error().text(), HasSubstr("cores"));
  }
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
