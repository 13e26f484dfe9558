// Every recorded machine against the index of tests/fixtures/machines: each fact that the index
// names, by name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "probes/probe.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

const std::filesystem::path k_machines =
    std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures/machines";

std::vector<Json> recorded_machines() {
  const auto index = read_json_file(k_machines / "expected.json");
  return index ? index->get<std::vector<Json>>() : std::vector<Json>();
}

std::string file_of(const Json& row) {
  return row.contains("archive") ? row["archive"].get<std::string>()
                                 : row["cpuinfo"].get<std::string>();
}

std::string name_of(const testing::TestParamInfo<Json>& info) {
  std::string name = file_of(info.param);
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

template <typename T>
Json value_of(const Fact<T>& fact) {
  return fact.is_known() ? Json(fact.value()) : Json();
}
Json value_of(const Fact<Bytes>& fact) {
  return fact.is_known() ? Json(fact.value().value) : Json();
}
Json megahertz_of(const std::optional<double>& hertz) {
  return hertz ? Json(std::round(*hertz / 1e4) / 100) : Json();
}

/// Instances of each level and type, and their sizes; none when the caches are not known.
void add_caches(const CpuProfile& cpu, Json& facts) {
  if (!cpu.caches.is_known()) return;
  std::map<std::string, std::uint32_t> instances{{"l1d", 0}, {"l1i", 0}, {"l2", 0}, {"l3", 0}};
  std::map<std::string, std::set<std::uint64_t>> sizes;
  for (const CacheLevel& cache : cpu.caches.value()) {
    const std::string letter = cache.level > 1 ? "" : cache.type == "instruction" ? "i" : "d";
    const std::string key = fmt::format("l{}{}", cache.level, letter);
    instances[key] += cache.instances;
    sizes[key].insert(cache.bytes.value / 1024);
  }
  for (const auto& [key, count] : instances) facts[key] = count;
  for (const auto& [key, distinct] : sizes) facts["sizes_kib"][key] = distinct;
}

void add_kinds(const CpuProfile& cpu, Json& facts) {
  std::vector<std::uint32_t> threads;
  for (const CoreType& type : cpu.core_types.value_or({})) {
    Json kind{{"kind", type.kind}, {"cores", type.cores}, {"threads", type.threads}};
    if (type.name) kind["name"] = *type.name;
    kind["max_mhz"] = megahertz_of(type.max_frequency_hertz);
    kind["base_mhz"] = megahertz_of(type.base_frequency_hertz);
    facts["kinds"].push_back(std::move(kind));
    threads.push_back(type.threads);
  }
  std::sort(threads.begin(), threads.end());
  facts["kind_threads"] = threads;
}

void add_nodes(const CpuProfile& cpu, Json& facts) {
  facts["numa_nodes"] = value_of(cpu.numa_nodes);
  if (!cpu.memory_nodes.is_known()) return;
  std::uint32_t usable = 0;
  std::uint64_t bytes = 0;
  for (const MemoryNode& node : cpu.memory_nodes.value()) {
    if (!node.permitted) continue;
    ++usable;
    bytes += node.bytes.value_or(Bytes()).value;
  }
  facts["usable_nodes"] = usable;
  facts["usable_node_bytes"] = bytes;
}

void add_modules(const MemoryProfile& memory, Json& facts) {
  for (const MemoryModule& module : memory.modules.value_or({})) {
    facts["modules"].push_back(Json{{"locator", module.locator.value_or("")},
                                    {"type", module.type.value_or("")},
                                    {"manufacturer", module.manufacturer.value_or("")},
                                    {"part_number", module.part_number.value_or("")},
                                    {"mebibytes", module.bytes.value >> 20U}});
  }
}

/// What the index may name; an unknown fact is null.
Json facts_of(const MachineProfile& machine) {
  const CpuProfile& cpu = machine.cpu;
  Json facts{{"vendor", value_of(cpu.vendor)},
             {"brand", value_of(cpu.brand)},
             {"family", value_of(cpu.family)},
             {"model", value_of(cpu.model)},
             {"stepping", value_of(cpu.stepping)},
             {"packages", value_of(cpu.packages)},
             {"cores", value_of(cpu.physical_cores)},
             {"threads", value_of(cpu.logical_cores)},
             {"usable_cpus", value_of(cpu.usable_cpus)},
             {"caches_known", cpu.caches.is_known()},
             {"smt", value_of(cpu.smt_active)},
             {"microcode", value_of(cpu.microcode)},
             {"boost", value_of(cpu.boost)},
             {"governor", value_of(cpu.governor)},
             {"scaling_driver", value_of(cpu.scaling_driver)},
             {"energy_performance_preference", value_of(cpu.energy_performance_preference)},
             {"max_mhz", megahertz_of(cpu.max_frequency_hertz.optional())},
             {"base_mhz", megahertz_of(cpu.base_frequency_hertz.optional())},
             {"amx_silicon", value_of(cpu.amx_silicon)},
             {"memory_total_bytes", value_of(machine.memory.total)},
             {"memory_free_bytes", value_of(machine.memory.free)},
             {"swap_total_bytes", value_of(machine.memory.swap_total)},
             {"swap_free_bytes", value_of(machine.memory.swap_free)},
             {"pressure_avg10", value_of(machine.memory.pressure_avg10)},
             {"full_pressure_avg10", value_of(machine.memory.full_pressure_avg10)}};
  add_caches(cpu, facts);
  add_kinds(cpu, facts);
  add_nodes(cpu, facts);
  add_modules(machine.memory, facts);
  return facts;
}

/// Whether `actual` has everything that `expected` names; objects may hold more.
bool agrees(const Json& expected, const Json& actual) {
  if (expected.is_array()) {
    if (!actual.is_array() || actual.size() != expected.size()) return false;
    return std::equal(expected.begin(), expected.end(), actual.begin(), agrees);
  }
  if (!expected.is_object()) return expected == actual;
  return std::all_of(expected.items().begin(), expected.items().end(), [&](const auto& item) {
    return actual.contains(item.key()) && agrees(item.value(), actual[item.key()]);
  });
}

class RecordedMachine : public testing::TestWithParam<Json> {
 protected:
  RecordedMachine() {
    const std::string file = file_of(GetParam());
    if (GetParam().contains("cpuinfo")) {
      tree_.file("/proc/cpuinfo", read_file(k_machines / file, mebibytes(1)).value_or(""));
    } else if (file.ends_with(".xml")) {
      tree_.file("/hwloc.xml", read_file(k_machines / file, mebibytes(1)).value_or(""));
    } else {
      archive_.emplace("machines/" + file);
    }
  }

  [[nodiscard]] HostView host() const {
    const Json& row = GetParam();
    if (!archive_) return tree_.host();
    const std::filesystem::path& place = archive_->root();
    const bool has_tree = !row.contains("cpuid") || row.contains("root");
    HostView host = has_tree ? HostView::recorded(place / row.value("root", "")) : tree_.host();
    if (!row.contains("cpuid")) return host;
    const auto dump = read_cpuid_dump(place / row["cpuid"].get<std::string>());
    EXPECT_TRUE(dump) << dump.error().text();
    return dump ? host.with_cpuid(*dump) : host;
  }

 private:
  MachineTree tree_;
  std::optional<UnpackedArchive> archive_;
};

TEST_P(RecordedMachine, HasTheFactsOfTheIndex) {
  const MachineProfile machine = probe_machine(host());
  const Json actual = facts_of(machine);
  const auto isa = machine.cpu.isa.value_or({});
  const auto has = [&isa](const Json& name) {
    return std::find(isa.begin(), isa.end(), name.get<std::string>()) != isa.end();
  };
  for (const auto& [field, expected] : GetParam()["facts"].items()) {
    if (field == "isa_has" || field == "isa_lacks") {
      for (const Json& name : expected) {
        EXPECT_EQ(has(name), field == "isa_has")
            << file_of(GetParam()) << ": " << field << " " << name;
      }
      continue;
    }
    ASSERT_TRUE(actual.contains(field)) << file_of(GetParam()) << ": no fact " << field;
    EXPECT_TRUE(agrees(expected, actual[field]))
        << file_of(GetParam()) << ": " << field << ": " << actual[field] << " found (expected "
        << expected << ")";
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, RecordedMachine, testing::ValuesIn(recorded_machines()),
                         name_of);

TEST(RecordedMachines, TheIndexNamesEveryRecording) {
  std::set<std::string> named;
  for (const Json& row : recorded_machines()) named.insert(file_of(row));
  for (const auto& entry : std::filesystem::directory_iterator(k_machines)) {
    const std::string file = entry.path().filename().string();
    if (file == "README.md" || file == "expected.json") continue;
    EXPECT_TRUE(named.contains(file)) << file << " is in no row of expected.json";
  }
}

}  // namespace
}  // namespace assay
