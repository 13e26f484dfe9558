#include "probes/topology/sysfs_topology.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/memory/cgroup.hpp"
#include "probes/topology/sysfs_files.hpp"

namespace assay {
namespace {

/// "32K" or "1024K" or "32M".
std::optional<std::uint64_t> parse_cache_size(std::string_view text) {
  unsigned shift = 0;
  if (text.ends_with('K')) shift = 10;
  if (text.ends_with('M')) shift = 20;
  if (shift > 0) text.remove_suffix(1);
  const auto size = parse_number<std::uint32_t>(text);
  if (!size) return std::nullopt;
  return std::uint64_t{*size} << shift;
}

std::string lower(std::string text) {
  for (char& letter : text) letter = static_cast<char>(letter | 0x20);
  return text;
}

void see_caches(const HostView& host, unsigned cpu, std::vector<CacheSighting>& seen) {
  const std::string folder = cpu_folder(cpu) + "/cache";
  for (const std::string& name : host.list(folder)) {
    if (!name.starts_with("index")) continue;
    const std::string index = fmt::format("{}/{}", folder, name);
    const auto level = read_sysfs_count(host, index + "/level");
    const auto type = read_sysfs(host, index + "/type");
    const auto size_text = read_sysfs(host, index + "/size");
    const auto size = size_text ? parse_cache_size(*size_text) : std::nullopt;
    const auto shared = read_cpu_set(host, index + "/shared_cpu_list", index + "/shared_cpu_map");
    if (!level || *level > 8 || !type || !size || !shared || shared->empty()) continue;
    seen.push_back({static_cast<std::uint32_t>(*level), printable(lower(*type), 20), *size,
                    fmt::format("{}", shared->front())});
  }
}

std::optional<CpuPlace> place_of(const HostView& host, unsigned cpu) {
  const std::string folder = cpu_folder(cpu) + "/topology";
  const auto siblings =
      read_cpu_set(host, folder + "/thread_siblings_list", folder + "/thread_siblings");
  if (!siblings || siblings->empty()) return std::nullopt;
  const auto package = read_sysfs_count(host, folder + "/physical_package_id");
  // -1 is the kernel's word for "no package": one package then.
  return CpuPlace{cpu, siblings->front(),
                  static_cast<std::uint32_t>(package.value_or(0) & 0xFFFFFFFFU)};
}

/// "Node 0 MemTotal:  123 kB"; nothing when the file lacks it or is absurd.
std::optional<Bytes> node_memory(const HostView& host, const std::string& folder) {
  const auto text = read_sysfs(host, folder + "/meminfo");
  const std::string_view key = "MemTotal:";
  const std::size_t at = text ? text->find(key) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = trim(std::string_view(*text).substr(at + key.size()));
  const auto kibibytes = parse_number<std::uint64_t>(rest.substr(0, rest.find(' ')));
  if (!kibibytes || *kibibytes >= (std::uint64_t{1} << 50U)) return std::nullopt;
  return Bytes(*kibibytes * 1024);
}

std::vector<MemoryNode> list_nodes(const HostView& host) {
  const std::string_view folder = "/sys/devices/system/node";
  std::vector<MemoryNode> nodes;
  const auto permitted = cgroup_cpuset(host, find_cgroups(host)).memory_nodes;
  for (const std::string& name : host.list(folder)) {
    const auto number = name.starts_with("node")
                            ? parse_number<std::uint32_t>(std::string_view(name).substr(4))
                            : std::nullopt;
    if (!number) continue;
    const std::string node = fmt::format("{}/{}", folder, name);
    const auto cpus = read_cpu_set(host, node + "/cpulist", node + "/cpumap");
    const bool allowed =
        !permitted || std::find(permitted->begin(), permitted->end(), *number) != permitted->end();
    nodes.push_back({*number, node_memory(host, node).value_or(Bytes()),
                     static_cast<std::uint32_t>(cpus ? cpus->size() : 0), allowed});
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const MemoryNode& a, const MemoryNode& b) { return a.node < b.node; });
  return nodes;
}

}  // namespace

std::vector<unsigned> online_cpus(const HostView& host) {
  if (const auto text = read_sysfs(host, std::string(k_cpu_folder) + "/online")) {
    if (auto cpus = parse_cpu_list(*text)) return *cpus;
  }
  std::vector<unsigned> cpus;
  for (const std::string& name : host.list(k_cpu_folder)) {
    if (!name.starts_with("cpu")) continue;
    const auto number = parse_cpu_list(std::string_view(name).substr(3));
    if (!number || number->size() != 1) continue;
    const auto online = read_sysfs(host, fmt::format("{}/{}/online", k_cpu_folder, name));
    if (online.value_or("1") != "0") cpus.push_back(number->front());
  }
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

bool sysfs_shows_cpus(const HostView& host) {
  const std::vector<unsigned> cpus = online_cpus(host);
  return std::any_of(cpus.begin(), cpus.end(),
                     [&host](unsigned cpu) { return place_of(host, cpu).has_value(); });
}

std::optional<Topology> sysfs_topology(const HostView& host) {
  Topology topology;
  topology.source = std::string(k_cpu_folder);
  std::vector<CacheSighting> seen;
  for (const unsigned cpu : online_cpus(host)) {
    const auto place = place_of(host, cpu);
    if (!place) continue;
    topology.cpus.push_back(*place);
    see_caches(host, cpu, seen);
  }
  if (topology.cpus.empty()) return std::nullopt;
  topology.caches = count_caches(seen);
  topology.nodes = list_nodes(host);
  return topology;
}

}  // namespace assay
