#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "advisor/hardware.hpp"
#include "tests/advisor/schema_check.hpp"

namespace assay {
namespace {

using Break = std::pair<const char*, nlohmann::json>;

nlohmann::json broken(const nlohmann::json& document, const Break& one) {
  nlohmann::json copy = document;
  copy[nlohmann::json::json_pointer(one.first)] = one.second;
  return copy;
}

constexpr const char* k_gpus_schema = "schema/gpus-1.schema.json";
constexpr const char* k_processors_schema = "schema/processors-1.schema.json";

nlohmann::json gpus() { return embedded_json("hardware/gpus.json"); }
nlohmann::json processors() { return embedded_json("hardware/processors.json"); }

TEST(HardwareSchema, AcceptsTheBuiltinTables) {
  EXPECT_TRUE(schema_accepts(k_gpus_schema, gpus()));
  EXPECT_TRUE(schema_accepts(k_processors_schema, processors()));
}

// What the schemas refuse, the readers refuse too.
TEST(HardwareSchema, RejectsWhatTheReaderOfGpusRefuses) {
  for (const Break& one : {Break{"/schema", "assay.gpus/2"}, Break{"/cards", 1},
                           Break{"/gpus", "many"}, Break{"/gpus/0/name", 4060},
                           Break{"/gpus/0/bandwidth_gbps", 0}, Break{"/gpus/0/bandwidth_gbps", 1e6},
                           Break{"/gpus/0/bandwidth", 5}, Break{"/gpus/0/memory_gb/0", -8},
                           Break{"/gpus/0/shared_with_cpu", "no"}, Break{"/gpus/0/pci_ids", "10de"},
                           Break{"/gpus/0/tensor_cores", 4}, Break{"/gpus/0/fp32_tflops", -1},
                           Break{"/gpus/0/compute_source", 7}, Break{"/gpus/0/source", nullptr}}) {
    const auto document = broken(gpus(), one);
    EXPECT_FALSE(schema_accepts(k_gpus_schema, document)) << one.first;
    EXPECT_FALSE(parse_gpus(document.dump(), "g.json")) << one.first;
  }
}

TEST(HardwareSchema, RejectsWhatTheReaderOfProcessorsRefuses) {
  for (const Break& one :
       {Break{"/schema", "assay.processors/2"}, Break{"/processors/0/chips", 1},
        Break{"/processors/0/memory", "DDR5"}, Break{"/processors/0/bandwidth_gbps", -1},
        Break{"/processors/0/reached_gbps", "fast"}, Break{"/processors/0/reached", "perhaps"},
        Break{"/processors/0/memory_gb", 8}, Break{"/processors/0/memory_gb", {0}},
        Break{"/processors/0/max_memory_gb", 0}, Break{"/processors/0/memory_source", 9}}) {
    const auto document = broken(processors(), one);
    EXPECT_FALSE(schema_accepts(k_processors_schema, document)) << one.first;
    EXPECT_FALSE(parse_processors(document.dump(), "p.json")) << one.first;
  }
}

TEST(HardwareSchema, AFactWithoutItsSourceIsRefusedByBoth) {
  nlohmann::json cards = gpus();
  cards["gpus"][0]["fp32_tflops"] = 2.0;
  cards["gpus"][0].erase("compute_source");
  EXPECT_FALSE(schema_accepts(k_gpus_schema, cards));
  EXPECT_FALSE(parse_gpus(cards.dump(), "g.json"));
  nlohmann::json chips = processors();
  chips["processors"][0]["max_memory_gb"] = 32;
  chips["processors"][0].erase("memory_source");
  EXPECT_FALSE(schema_accepts(k_processors_schema, chips));
  EXPECT_FALSE(parse_processors(chips.dump(), "p.json"));
}

}  // namespace
}  // namespace assay
