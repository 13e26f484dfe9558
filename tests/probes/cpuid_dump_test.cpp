// Every recorded processor against the index of tests/fixtures/cpuid.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/json.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/cpu/cpuid_topology.hpp"
#include "probes/cpu/isa_features.hpp"
#include "probes/probe.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

const std::filesystem::path k_dumps = std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/cpuid";

std::vector<Json> recorded_x86_processors() {
  const auto index = read_json_file(k_dumps / "expected.json");
  std::vector<Json> rows;
  if (!index) return rows;
  for (const Json& row : *index) {
    if (row.contains("vendor")) rows.push_back(row);
  }
  return rows;
}

std::string name_of(const testing::TestParamInfo<Json>& info) {
  std::string name = info.param["file"].get<std::string>();
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

class RecordedProcessor : public testing::TestWithParam<Json> {
 protected:
  [[nodiscard]] CpuidSource source() const {
    auto source = read_cpuid_dump(k_dumps / GetParam()["file"].get<std::string>());
    EXPECT_TRUE(source) << source.error().text();
    return *source;
  }
};

TEST_P(RecordedProcessor, HasABlockForEachRecordedCpu) {
  EXPECT_EQ(source().cpus.size(), GetParam()["cpu_blocks_in_dump"].get<std::size_t>());
}

TEST_P(RecordedProcessor, VendorAndBrandAgree) {
  const CpuidSource dump = source();
  const CpuidLeaves leaves(dump, dump.cpus.front());
  EXPECT_EQ(cpuid_vendor(leaves), GetParam()["vendor"].get<std::string>());
  EXPECT_EQ(cpuid_brand(leaves), GetParam()["brand"].get<std::string>());
}

/// The index names a few features otherwise than /proc/cpuinfo does, and lists some bits that are
/// no instruction sets.
std::set<std::string> expected_isa(const Json& group) {
  const std::map<std::string, std::string> renamed{
      {"sse3", "pni"}, {"avx512_ifma", "avx512ifma"}, {"avx512_vbmi", "avx512vbmi"}};
  std::set<std::string> names;
  for (const Json& item : group["isa"]) {
    const auto name = item.get<std::string>();
    if (name == "osxsave" || name == "hybrid" || name == "hypervisor") continue;
    const auto other = renamed.find(name);
    names.insert(other == renamed.end() ? name : other->second);
  }
  return names;
}

std::set<std::string> decoded_isa(const CpuidSource& dump, unsigned cpu) {
  // What the index does not list.
  const std::set<std::string> ignored{"lm", "cx16", "movbe", "lahf_lm", "abm", "bmi1"};
  std::set<std::string> names;
  for (const std::string& name : isa_names(decode_isa(dump, cpu).value_or(IsaSet()))) {
    if (!ignored.contains(name)) names.insert(name);
  }
  return names;
}

TEST_P(RecordedProcessor, IsaAgreesOnEveryCoreType) {
  const CpuidSource dump = source();
  std::set<std::set<std::string>> expected;
  for (const Json& group : GetParam()["isa_from_raw_bits"]) expected.insert(expected_isa(group));
  std::set<std::set<std::string>> decoded;
  for (const unsigned cpu : dump.cpus) decoded.insert(decoded_isa(dump, cpu));
  EXPECT_EQ(decoded, expected);
}

TEST_P(RecordedProcessor, CoresAndThreadsAgreeForEachKind) {
  const CpuidSource dump = source();
  const auto topology = cpuid_topology(dump);
  ASSERT_TRUE(topology);
  CoreKinds uniform;
  for (const CpuPlace& place : topology->cpus) uniform.kind_of[place.cpu] = "uniform";
  std::set<std::string> decoded;
  const CoreKinds kinds = cpuid_core_kinds(dump).value_or(uniform);
  for (const CoreType& type : count_core_types(*topology, kinds)) {
    decoded.insert(fmt::format("{} {}/{}", type.kind, type.cores, type.threads));
  }
  std::set<std::string> expected;
  for (const Json& type : GetParam()["core_types"]) {
    expected.insert(fmt::format("{} {}/{}", type["kind"].get<std::string>(),
                                type["cores"].get<int>(), type["threads"].get<int>()));
  }
  EXPECT_EQ(decoded, expected);
}

TEST_P(RecordedProcessor, CacheInstancesAgreeOnProcessorsOfOneKind) {
  if (GetParam()["caches_kb"].size() != 1) return;  // the index counts them for each kind
  const CpuidSource dump = source();
  const auto topology = cpuid_topology(dump);
  ASSERT_TRUE(topology);
  const Json& expected = GetParam()["caches_kb"][0];
  for (const CacheLevel& cache : topology->caches) {
    const std::string letter = cache.type == "data" ? "d" : cache.type == "instruction" ? "i" : "";
    const std::string key = fmt::format("l{}{}_inst", cache.level, letter);
    if (!expected.contains(key) || expected[key].get<int>() < 0) continue;
    EXPECT_EQ(static_cast<int>(cache.instances), expected[key].get<int>()) << key;
  }
}

TEST_P(RecordedProcessor, CacheSizesAgreeWhereBothKnowThem) {
  const CpuidSource dump = source();
  const auto topology = cpuid_topology(dump);
  ASSERT_TRUE(topology);
  for (const auto& [key, level, type] :
       {std::tuple("l1d_kb", 1U, "data"), std::tuple("l1i_kb", 1U, "instruction"),
        std::tuple("l2_kb", 2U, "unified"), std::tuple("l3_kb", 3U, "unified")}) {
    std::set<int> decoded;
    for (const CacheLevel& cache : topology->caches) {
      if (cache.level == level && cache.type == type) {
        decoded.insert(static_cast<int>(cache.bytes.value / 1024));
      }
    }
    if (decoded.empty()) continue;
    for (const Json& core_type : GetParam()["caches_kb"]) {
      const int expected = core_type[key].get<int>();
      if (expected <= 0) continue;
      EXPECT_TRUE(decoded.contains(expected)) << key << " " << expected;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dumps, RecordedProcessor, testing::ValuesIn(recorded_x86_processors()),
                         name_of);

TEST(CpuidDump, ANumberThatLeadsOnCountsAndXcr0IsRead) {
  MachineTree tree;
  tree.file("/dump.txt",
            "------[ Logical CPU #3 ]------\nCPUID 00000000: 0000000D-756E6547-6C65746E-49656E69 "
            "[SL 00]\n------[ Logical CPU #7 ]------\nCPUID 00000000: "
            "0000000D-756E6547-6C65746E-49656E69 [SL 00]\nXCR0: 00000000000000E7\n");
  const auto source = read_cpuid_dump(tree.at("/dump.txt"));
  ASSERT_TRUE(source) << source.error().text();
  EXPECT_EQ(source->cpus, (std::vector<unsigned>{3, 7}));
  EXPECT_EQ(source->xcr0(), 0xE7U);
}

}  // namespace
}  // namespace assay
