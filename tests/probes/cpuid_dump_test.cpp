// Every recorded processor against the index of tests/fixtures/cpuid.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/json.hpp"
#include "probes/cpu/cpu_probe.hpp"
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

// Features that the index does not list.
const std::set<std::string> k_not_in_index{"lm", "cx16", "movbe", "lahf_lm", "abm", "bmi1"};

std::set<std::string> decoded_isa(const CpuidSource& dump, unsigned cpu) {
  std::set<std::string> names;
  for (const std::string& name : isa_names(decode_isa(dump, cpu).value_or(IsaSet()))) {
    if (!k_not_in_index.contains(name)) names.insert(name);
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

/// What all of the index's core types have: the set that a program may use.
std::set<std::string> common_isa(const Json& row) {
  std::optional<std::set<std::string>> common;
  for (const Json& group : row["isa_from_raw_bits"]) {
    const std::set<std::string> names = expected_isa(group);
    std::set<std::string> both;
    if (common) {
      std::set_intersection(common->begin(), common->end(), names.begin(), names.end(),
                            std::inserter(both, both.end()));
    }
    common = common ? both : names;
  }
  return common.value_or(std::set<std::string>());
}

TEST_P(RecordedProcessor, ProfileHasTheFactsOfTheIndex) {
  const MachineTree empty;
  const CpuProfile cpu = probe_cpu(empty.host().with_cpuid(source()));
  const Json& row = GetParam();
  EXPECT_EQ(cpu.vendor.value_or(""), row["vendor"].get<std::string>());
  EXPECT_EQ(cpu.brand.value_or(""), row["brand"].get<std::string>());
  EXPECT_EQ(cpu.family.value_or(0), row["signature"]["family"].get<std::uint32_t>());
  EXPECT_EQ(cpu.model.value_or(999), row["signature"]["model"].get<std::uint32_t>());
  EXPECT_EQ(cpu.stepping.value_or(999), row["signature"]["stepping"].get<std::uint32_t>());
  std::uint32_t cores = 0;
  std::uint32_t threads = 0;
  for (const Json& type : row["core_types"]) {
    cores += type["cores"].get<std::uint32_t>();
    threads += type["threads"].get<std::uint32_t>();
  }
  EXPECT_EQ(cpu.physical_cores.value_or(0), cores) << cpu.physical_cores.source();
  EXPECT_EQ(cpu.logical_cores.value_or(0), threads) << cpu.logical_cores.source();
  EXPECT_EQ(cpu.smt_active.value_or(cores == threads), threads > cores);
  EXPECT_EQ(cpu.packages.value_or(0), 1U);
  std::set<std::string> isa;
  for (const std::string& name : cpu.isa.value_or({})) {
    if (!k_not_in_index.contains(name)) isa.insert(name);
  }
  EXPECT_EQ(isa, common_isa(row));
}

TEST_P(RecordedProcessor, ProfileNamesEveryCacheOfTheIndex) {
  const MachineTree empty;
  const CpuProfile cpu = probe_cpu(empty.host().with_cpuid(source()));
  std::set<std::string> found;
  for (const CacheLevel& cache : cpu.caches.value_or({})) {
    const std::string letter = cache.type == "data" ? "d" : cache.type == "instruction" ? "i" : "";
    found.insert(fmt::format("l{}{} {}", cache.level, letter, cache.bytes.value / 1024));
  }
  for (const Json& core_type : GetParam()["caches_kb"]) {
    for (const char* key : {"l1d", "l1i", "l2", "l3"}) {
      const int size = core_type[fmt::format("{}_kb", key)].get<int>();
      if (size <= 0) continue;
      EXPECT_TRUE(found.contains(fmt::format("{} {}", key, size)))
          << key << " " << size << " (" << cpu.caches.source() << cpu.caches.reason() << ")";
    }
  }
}

TEST_P(RecordedProcessor, InstancesOfHybridProcessorsAddUp) {
  const Json& kinds = GetParam()["caches_kb"];
  if (kinds.size() == 1) return;  // one kind of core: the test above
  const CpuidSource dump = source();
  const auto topology = cpuid_topology(dump);
  ASSERT_TRUE(topology);
  for (const char* key : {"l1d", "l2"}) {  // the third level is shared by the kinds
    std::uint32_t expected = 0;
    for (const Json& kind : kinds)
      expected += kind[fmt::format("{}_inst", key)].get<std::uint32_t>();
    std::uint32_t counted = 0;
    for (const CacheLevel& cache : topology->caches) {
      if (key == fmt::format("l{}{}", cache.level, cache.type == "data" ? "d" : "") &&
          cache.type != "instruction") {
        counted += cache.instances;
      }
    }
    EXPECT_EQ(counted, expected) << key;
  }
}

TEST(RecordedArmCores, AreNamedAndCountedByTheirRegisters) {
  const auto dump = read_cpuid_dump(k_dumps / "arm__armv8a__cortex-a72.test");
  ASSERT_TRUE(dump) << dump.error().text();
  const MachineTree empty;
  const CpuProfile cpu = probe_cpu(empty.host().with_cpuid(*dump));
  EXPECT_EQ(cpu.vendor.value_or(""), "Arm");
  EXPECT_EQ(cpu.brand.value_or(""), "Arm Cortex-A72");
  EXPECT_EQ(cpu.physical_cores.value_or(0), 4U);
  EXPECT_EQ(cpu.logical_cores.value_or(0), 4U);
  EXPECT_FALSE(cpu.isa.is_known());  // a system of 32 bits: the 64-bit registers are zero
}

TEST(RecordedArmCores, HaveTheFeaturesOfTheirRegisters) {
  const auto dump = read_cpuid_dump(k_dumps / "arm__armv9a__neoverse-n2.test");
  ASSERT_TRUE(dump) << dump.error().text();
  const MachineTree empty;
  const CpuProfile cpu = probe_cpu(empty.host().with_cpuid(*dump));
  EXPECT_EQ(cpu.brand.value_or(""), "Arm Neoverse N2");
  EXPECT_EQ(cpu.logical_cores.value_or(0), 4U);
  EXPECT_FALSE(cpu.physical_cores.is_known());  // all have the same number there
  const auto isa = cpu.isa.value_or({});
  EXPECT_THAT(isa, testing::IsSupersetOf({"asimd", "asimdhp", "asimddp", "asimdfhm", "i8mm", "bf16",
                                          "sve", "sve2", "atomics", "crc32"}));
  EXPECT_THAT(isa, testing::Not(testing::Contains("sme")));
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
