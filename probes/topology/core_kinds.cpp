#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <utility>

#include "base/number.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/topology/sysfs_files.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

bool has_level3_cache(const HostView& host, unsigned cpu) {
  const std::string folder = cpu_folder(cpu) + "/cache";
  for (const std::string& name : host.list(folder)) {
    if (read_sysfs_count(host, fmt::format("{}/{}/level", folder, name)) == 3U) return true;
  }
  return false;
}

std::optional<CoreKinds> kinds_by_intel_pmu(const HostView& host) {
  CoreKinds kinds;
  const auto take = [&](const std::string& path, const std::string& kind) {
    const auto text = read_sysfs(host, path);
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
  // Efficiency cores on the low-power island lack the level 3 cache that the others share.
  const bool any = std::any_of(kinds.kind_of.begin(), kinds.kind_of.end(),
                               [&](const auto& row) { return has_level3_cache(host, row.first); });
  for (auto& [cpu, kind] : kinds.kind_of) {
    if (any && kind == "efficiency" && !has_level3_cache(host, cpu)) kind = "low_power";
  }
  return kinds;
}

struct ArmIdentity {
  unsigned implementer = 0;
  unsigned part = 0;
  auto operator<=>(const ArmIdentity&) const = default;

  [[nodiscard]] std::string name() const {
    return arm_part_name(implementer, part)
        .value_or(fmt::format("implementer 0x{:02x}, part 0x{:03x}", implementer, part));
  }
};

/// Implementer and part of one CPU: MIDR_EL1 bits 31 to 24 and 15 to 4, or /proc/cpuinfo.
std::optional<ArmIdentity> arm_identity(const HostView& host, const ProcCpuinfo& info,
                                        unsigned cpu) {
  if (const auto midr =
          read_sysfs_count(host, cpu_folder(cpu) + "/regs/identification/midr_el1", 16)) {
    return ArmIdentity{static_cast<unsigned>((*midr >> 24U) & 0xFFU),
                       static_cast<unsigned>((*midr >> 4U) & 0xFFFU)};
  }
  for (const ProcCpuinfo::Processor& processor : info.processors) {
    if (processor.number != cpu) continue;
    const auto field = [&processor](const char* key) -> std::optional<unsigned> {
      const auto found = processor.fields.find(key);
      if (found == processor.fields.end()) return std::nullopt;
      return parse_hexadecimal<unsigned>(found->second);
    };
    const auto part = field("CPU part");
    if (!part) return std::nullopt;
    return ArmIdentity{field("CPU implementer").value_or(0), *part};
  }
  return std::nullopt;
}

/// The cores of one design, and how strong they are: by capacity, else by highest frequency.
struct ArmCluster {
  ArmIdentity identity;
  std::vector<unsigned> cpus;
  std::uint64_t strength = 0;

  [[nodiscard]] bool is_little() const {
    return is_little_arm_part(identity.implementer, identity.part);
  }
};

std::vector<ArmCluster> arm_clusters(const HostView& host, const ProcCpuinfo& info,
                                     const std::vector<unsigned>& cpus) {
  std::map<ArmIdentity, ArmCluster> found;
  for (const unsigned cpu : cpus) {
    const auto identity = arm_identity(host, info, cpu);
    if (!identity) return {};
    ArmCluster& cluster = found[*identity];
    cluster.identity = *identity;
    cluster.cpus.push_back(cpu);
    const auto capacity = read_sysfs_count(host, cpu_folder(cpu) + "/cpu_capacity");
    const auto frequency = read_sysfs_count(host, cpu_folder(cpu) + "/cpufreq/cpuinfo_max_freq");
    cluster.strength = std::max(cluster.strength, capacity.value_or(frequency.value_or(0)));
  }
  std::vector<ArmCluster> clusters;
  for (auto& [identity, cluster] : found) clusters.push_back(std::move(cluster));
  std::stable_sort(clusters.begin(), clusters.end(), [](const ArmCluster& a, const ArmCluster& b) {
    if (a.strength != b.strength) return a.strength > b.strength;
    return !a.is_little() && b.is_little();
  });
  return clusters;
}

/// Designs that nothing orders are "unranked": better not to guess which is the stronger one.
std::string_view kind_within(const ArmCluster& cluster, const ArmCluster& strongest,
                             const ArmCluster& weakest) {
  const auto rank = [](const ArmCluster& c) { return std::pair(c.strength, !c.is_little()); };
  if (rank(strongest) == rank(weakest)) return "unranked";
  if (rank(cluster) == rank(strongest)) return "performance";
  return rank(cluster) == rank(weakest) ? "efficiency" : "middle";
}

std::optional<CoreKinds> kinds_by_arm_identity(const HostView& host) {
  const auto text = host.read_text("/proc/cpuinfo");
  const ProcCpuinfo info = parse_proc_cpuinfo(text ? *text : std::string());
  std::vector<unsigned> cpus = online_cpus(host);
  if (cpus.empty()) {
    for (const ProcCpuinfo::Processor& processor : info.processors) {
      cpus.push_back(processor.number);
    }
  }
  const std::vector<ArmCluster> clusters = arm_clusters(host, info, cpus);
  if (clusters.size() < 2) return std::nullopt;
  CoreKinds kinds;
  for (const ArmCluster& cluster : clusters) {
    const std::string_view kind = kind_within(cluster, clusters.front(), clusters.back());
    for (const unsigned cpu : cluster.cpus) {
      kinds.kind_of[cpu] = std::string(kind);
      kinds.design_of[cpu] = cluster.identity.name();
    }
  }
  const bool told = clusters.front().strength > clusters.back().strength;
  kinds.source = fmt::format("the cores' identification registers, ordered by {}",
                             told ? "capacity or frequency" : "design");
  return kinds;
}

}  // namespace

std::optional<CoreKinds> sysfs_core_kinds(const HostView& host) {
  if (auto kinds = kinds_by_intel_pmu(host)) return kinds;
  return kinds_by_arm_identity(host);
}

}  // namespace assay
