#include <hwloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/json.hpp"
#include "base/text.hpp"
#include "probes/os/child_process.hpp"
#include "probes/topology/hwloc_topology.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

constexpr std::chrono::seconds k_time_limit{10};
constexpr std::size_t k_most_entries = 500'000;  // a recording of 1,000 CPUs has a tenth

struct DestroyTopology {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, DestroyTopology>;

// What `lstopo hwloc.xml` writes on any operating system: a recording of a machine without /sys.
constexpr std::string_view k_exported = "/hwloc.xml";

/// In the child only: hwloc takes these from the environment, and from nowhere else.
void set_environment(const HostView& host, bool exported) {
  ::setenv("HWLOC_HIDE_ERRORS", "2", 1);
  ::setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1);  // plugins load drivers' libraries
  // Nodes whose CPUs overlap would be dropped otherwise.
  ::setenv("HWLOC_DEBUG_ALLOW_OVERLAPPING_NODE_CPUSETS", "1", 1);
  for (const char* name : {"HWLOC_XMLFILE", "HWLOC_SYNTHETIC", "HWLOC_CPUID_PATH",
                           "HWLOC_THISSYSTEM", "HWLOC_FSROOT", "HWLOC_COMPONENTS"}) {
    ::unsetenv(name);
  }
  // Of the running machine too: other components open displays and devices, or bind to every CPU in
  // turn to ask it what our own decoder has asked already.
  if (exported) return;
  ::setenv("HWLOC_COMPONENTS", "linux,stop", 1);
  if (host.is_live()) return;
  ::setenv("HWLOC_FSROOT", host.root().c_str(), 1);
  ::setenv("HWLOC_DUMPED_HWDATA_DIR", "/var/run/hwloc", 1);
}

Json describe_cpus(hwloc_topology_t topology) {
  Json cpus = Json::array();
  hwloc_obj_t unit = nullptr;
  while ((unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != nullptr) {
    // Machines without core or package objects exist: each CPU its own core, one package.
    const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, unit);
    const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, unit);
    cpus.push_back(
        Json::array({unit->os_index, core != nullptr ? core->logical_index : unit->logical_index,
                     package != nullptr ? package->logical_index : 0}));
  }
  return cpus;
}

Json describe_caches(hwloc_topology_t topology) {
  Json caches = Json::array();
  for (const hwloc_obj_type_t type : {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L1ICACHE, HWLOC_OBJ_L2CACHE,
                                      HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE}) {
    hwloc_obj_t cache = nullptr;
    while ((cache = hwloc_get_next_obj_by_type(topology, type, cache)) != nullptr) {
      const auto& attributes = cache->attr->cache;
      const char* kind = attributes.type == HWLOC_OBJ_CACHE_DATA          ? "data"
                         : attributes.type == HWLOC_OBJ_CACHE_INSTRUCTION ? "instruction"
                                                                          : "unified";
      caches.push_back(
          Json::array({attributes.depth, kind, attributes.size, cache->logical_index}));
    }
  }
  return caches;
}

Json describe_kinds(hwloc_topology_t topology) {
  Json kinds = Json::array();
  const int count = hwloc_cpukinds_get_nr(topology, 0);
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<hwloc_bitmap_s, void (*)(hwloc_bitmap_t)> cpus(hwloc_bitmap_alloc(),
                                                                         hwloc_bitmap_free);
    int efficiency = 0;
    if (hwloc_cpukinds_get_info(topology, static_cast<unsigned>(i), cpus.get(), &efficiency,
                                nullptr, nullptr, 0) != 0) {
      continue;
    }
    Json group = Json::array();
    for (int cpu = hwloc_bitmap_first(cpus.get()); cpu >= 0;
         cpu = hwloc_bitmap_next(cpus.get(), cpu)) {
      group.push_back(cpu);
    }
    kinds.push_back(std::move(group));
  }
  return kinds;
}

Json describe_nodes(hwloc_topology_t topology) {
  Json nodes = Json::array();
  const hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_nodeset(topology);
  hwloc_obj_t node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr) {
    nodes.push_back(Json::array({node->os_index, node->attr->numanode.local_memory,
                                 std::max(hwloc_bitmap_weight(node->cpuset), 0),
                                 hwloc_bitmap_isset(allowed, node->os_index) != 0}));
  }
  return nodes;
}

std::string describe_processor(hwloc_topology_t topology) {
  const hwloc_obj_t package = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, nullptr);
  if (package == nullptr) return {};
  const char* name = hwloc_obj_get_info_by_name(package, "CPUModel");
  return name == nullptr ? std::string() : printable(trim(name));
}

/// The child's work: the topology as JSON text, empty when hwloc refuses.
std::string load_and_describe(const HostView& host, bool exported) {
  set_environment(host, exported);
  hwloc_topology_t loaded = nullptr;
  if (hwloc_topology_init(&loaded) != 0) return {};
  const TopologyHandle topology(loaded);
  if (exported && hwloc_topology_set_xml(loaded, host.locate(k_exported).c_str()) != 0) return {};
  hwloc_topology_set_flags(loaded, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  hwloc_topology_set_io_types_filter(loaded, HWLOC_TYPE_FILTER_KEEP_NONE);
  hwloc_topology_set_icache_types_filter(loaded, HWLOC_TYPE_FILTER_KEEP_ALL);
  if (hwloc_topology_load(loaded) != 0) return {};
  Json description = Json::object();
  description["cpus"] = describe_cpus(loaded);
  description["caches"] = describe_caches(loaded);
  description["kinds"] = describe_kinds(loaded);
  description["nodes"] = describe_nodes(loaded);
  description["processor"] = describe_processor(loaded);
  return description.dump();
}

Topology topology_from(const Json& description, std::string source) {
  Topology topology;
  topology.source = std::move(source);
  for (const Json& cpu : description["cpus"]) {
    topology.cpus.push_back(
        {cpu[0].get<unsigned>(), cpu[1].get<std::uint32_t>(), cpu[2].get<std::uint32_t>()});
  }
  std::vector<CacheSighting> seen;
  for (const Json& cache : description["caches"]) {
    seen.push_back({cache[0].get<std::uint32_t>(), cache[1].get<std::string>(),
                    cache[2].get<std::uint64_t>(), std::to_string(cache[3].get<unsigned>())});
  }
  topology.caches = count_caches(seen);
  for (const Json& kind : description["kinds"]) {
    topology.kinds.push_back(kind.get<std::vector<unsigned>>());
  }
  for (const Json& node : description["nodes"]) {
    topology.nodes.push_back({node[0].get<std::uint32_t>(), Bytes(node[1].get<std::uint64_t>()),
                              node[2].get<std::uint32_t>(), node[3].get<bool>()});
  }
  const auto name = description["processor"].get<std::string>();
  if (!name.empty()) topology.processor_name = name;
  return topology;
}

/// hwloc follows symbolic links as the live system would: a recording with one that leads out of
/// its root would show this machine. It also waits at pipes. Trees like that, and trees beyond
/// measure, are not given to it.
bool is_plain_tree(const HostView& host) {
  std::error_code error;
  const auto root = std::filesystem::canonical(host.root(), error);
  if (error) return false;
  std::size_t entries = 0;
  for (const char* part :
       {"/sys/devices/system", "/sys/bus", "/proc", "/sys", "/proc/cpuinfo", "/var/run/hwloc"}) {
    const std::filesystem::path place = root / std::filesystem::path(part).relative_path();
    if (std::filesystem::is_symlink(place, error)) return false;
    if (part == std::string_view("/sys") || !std::filesystem::is_directory(place, error)) continue;
    std::filesystem::recursive_directory_iterator entry(
        place, std::filesystem::directory_options::skip_permission_denied, error);
    for (; !error && entry != std::filesystem::recursive_directory_iterator();
         entry.increment(error)) {
      if (++entries > k_most_entries) return false;
      std::error_code ignored;
      const bool is_link = entry->is_symlink(ignored);
      if (!is_link && !entry->is_regular_file(ignored) && !entry->is_directory(ignored))
        return false;
      if (!is_link) continue;
      const auto target = std::filesystem::weakly_canonical(entry->path(), ignored);
      const auto [mismatch, rest] =
          std::mismatch(root.begin(), root.end(), target.begin(), target.end());
      if (ignored || mismatch != root.end()) return false;
    }
  }
  return true;
}

}  // namespace

Result<Topology> load_hwloc_topology(const HostView& host) {
  const bool has_tree = sysfs_shows_cpus(host);
  const bool exported = !has_tree && !host.is_live() && host.read_text(k_exported, 1).has_value();
  // Without CPU folders hwloc makes up a machine of one CPU.
  if (!has_tree && !exported) {
    return fail(ErrorCode::unknown, "no CPU folders below /sys/devices/system/cpu");
  }
  if (has_tree && !host.is_live() && !is_plain_tree(host)) {
    return fail(ErrorCode::unknown,
                "the recording has links that lead out of it, or special files");
  }
  const auto text = run_in_child([&] { return load_and_describe(host, exported); }, k_time_limit);
  if (!text) return fail(ErrorCode::unknown, "hwloc " + text.error().message);
  if (text->empty()) {
    return fail(ErrorCode::unknown, exported ? "hwloc refuses the recording's hwloc.xml"
                                             : "hwloc could not read the tree");
  }
  const auto description = parse_json(*text, "hwloc");
  if (!description) return pass_on(description);
  return topology_from(*description, exported ? "hwloc.xml of the recording" : "hwloc");
}

}  // namespace assay
