#include "probes/topology/sysfs_topology.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"

namespace assay {
namespace {

constexpr std::string_view k_cpu_folder = "/sys/devices/system/cpu";
constexpr std::size_t k_small_file = std::size_t{64} * 1024;

std::optional<std::string> read(const HostView& host, const std::string& path) {
  auto text = host.read_text(path, k_small_file);
  if (!text) return std::nullopt;
  // Some kernels end these files with a zero byte.
  return std::string(trim(std::string_view(*text).substr(0, text->find('\0'))));
}

std::optional<std::uint64_t> read_count(const HostView& host, const std::string& path,
                                        int base = 10) {
  const auto text = read(host, path);
  if (!text) return std::nullopt;
  return base == 16 ? parse_hexadecimal<std::uint64_t>(*text) : parse_number<std::uint64_t>(*text);
}

/// A set of CPUs that sysfs gives as a list, or, in old kernels, as a mask only.
std::optional<std::vector<unsigned>> read_cpu_set(const HostView& host, const std::string& list,
                                                  const std::string& mask) {
  if (const auto text = read(host, list)) return parse_cpu_list(*text);
  if (const auto text = read(host, mask)) return parse_cpu_mask(*text);
  return std::nullopt;
}

std::string cpu_folder(unsigned cpu) { return fmt::format("{}/cpu{}", k_cpu_folder, cpu); }

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
    const auto level = read_count(host, index + "/level");
    const auto type = read(host, index + "/type");
    const auto size_text = read(host, index + "/size");
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
  const auto package = read_count(host, folder + "/physical_package_id");
  // -1 is the kernel's word for "no package": one package then.
  return CpuPlace{cpu, siblings->front(),
                  static_cast<std::uint32_t>(package.value_or(0) & 0xFFFFFFFFU)};
}

std::optional<std::uint32_t> count_nodes(const HostView& host) {
  std::uint32_t nodes = 0;
  for (const std::string& name : host.list("/sys/devices/system/node")) {
    if (name.size() > 4 && name.starts_with("node") &&
        name.find_first_not_of("0123456789", 4) == std::string::npos) {
      ++nodes;
    }
  }
  return nodes == 0 ? std::nullopt : std::optional(nodes);
}

std::optional<CoreKinds> kinds_by_intel_pmu(const HostView& host) {
  CoreKinds kinds;
  const auto take = [&](const std::string& path, const std::string& kind) {
    const auto text = read(host, path);
    const auto cpus = text ? parse_cpu_list(*text) : std::nullopt;
    if (!cpus) return false;
    for (const unsigned cpu : *cpus) kinds.kind_of[cpu] = kind;
    return !cpus->empty();
  };
  const bool core = take("/sys/devices/cpu_core/cpus", "performance");
  const bool atom = take("/sys/devices/cpu_atom/cpus", "efficiency");
  take("/sys/devices/cpu_lowpower/cpus", "low_power");
  if (!core || !atom) return std::nullopt;
  kinds.source = "/sys/devices/cpu_core/cpus, cpu_atom/cpus";
  return kinds;
}

/// Implementer and part of one CPU: MIDR_EL1 bits 31 to 24 and 15 to 4, or /proc/cpuinfo.
std::optional<std::uint32_t> arm_identity(const HostView& host, const ProcCpuinfo& info,
                                          unsigned cpu) {
  const auto midr = read_count(host, cpu_folder(cpu) + "/regs/identification/midr_el1", 16);
  if (midr) {
    return static_cast<std::uint32_t>(((*midr >> 24U) & 0xFFU) << 12U | ((*midr >> 4U) & 0xFFFU));
  }
  for (const ProcCpuinfo::Processor& processor : info.processors) {
    const auto part = processor.fields.find("CPU part");
    if (processor.number != cpu || part == processor.fields.end()) continue;
    return parse_hexadecimal<std::uint32_t>(part->second);
  }
  return std::nullopt;
}

std::optional<CoreKinds> kinds_by_arm_identity(const HostView& host) {
  const auto text = host.read_text("/proc/cpuinfo");
  const ProcCpuinfo info = parse_proc_cpuinfo(text ? *text : std::string());
  struct Group {
    std::vector<unsigned> cpus;
    std::uint64_t strength = 0;  // capacity, or the highest frequency
  };
  std::map<std::uint32_t, Group> groups;
  for (const unsigned cpu : online_cpus(host)) {
    const auto identity = arm_identity(host, info, cpu);
    if (!identity) return std::nullopt;
    Group& group = groups[*identity];
    group.cpus.push_back(cpu);
    const auto capacity = read_count(host, cpu_folder(cpu) + "/cpu_capacity");
    const auto frequency = read_count(host, cpu_folder(cpu) + "/cpufreq/cpuinfo_max_freq");
    group.strength = std::max(group.strength, capacity.value_or(frequency.value_or(0)));
  }
  if (groups.size() < 2) return std::nullopt;
  std::vector<Group> ordered;
  for (auto& [identity, group] : groups) ordered.push_back(std::move(group));
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Group& a, const Group& b) { return a.strength > b.strength; });
  CoreKinds kinds;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const std::string_view kind =
        i == 0 ? "performance" : (i + 1 == ordered.size() ? "efficiency" : "middle");
    for (const unsigned cpu : ordered[i].cpus) kinds.kind_of[cpu] = std::string(kind);
  }
  kinds.source = "the cores' identification registers, ordered by capacity";
  return kinds;
}

}  // namespace

std::vector<unsigned> online_cpus(const HostView& host) {
  if (const auto text = read(host, std::string(k_cpu_folder) + "/online")) {
    if (auto cpus = parse_cpu_list(*text)) return *cpus;
  }
  std::vector<unsigned> cpus;
  for (const std::string& name : host.list(k_cpu_folder)) {
    if (!name.starts_with("cpu")) continue;
    const auto number = parse_cpu_list(std::string_view(name).substr(3));
    if (!number || number->size() != 1) continue;
    const auto online = read(host, fmt::format("{}/{}/online", k_cpu_folder, name));
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
  topology.numa_nodes = count_nodes(host);
  return topology;
}

std::optional<CoreKinds> sysfs_core_kinds(const HostView& host) {
  if (auto kinds = kinds_by_intel_pmu(host)) return kinds;
  return kinds_by_arm_identity(host);
}

}  // namespace assay
