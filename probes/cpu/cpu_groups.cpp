#include "probes/cpu_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/cpu/cpuid_topology.hpp"
#include "probes/probe.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

constexpr std::string_view k_nodes = "/sys/devices/system/node";

std::optional<CoreKinds> kinds_of(const HostView& host) {
  if (host.cpuid()) {
    if (auto kinds = cpuid_core_kinds(*host.cpuid())) return kinds;
  }
  return sysfs_core_kinds(host);
}

}  // namespace

std::vector<CpuGroup> cores_by_kind(const HostView& host) {
  const auto kinds = kinds_of(host);
  if (!kinds) return {};
  std::vector<CpuGroup> groups;
  for (const unsigned cpu : one_cpu_of_each_core(host)) {
    const auto kind = kinds->kind_of.find(cpu);
    if (kind == kinds->kind_of.end()) continue;
    auto group = std::ranges::find(groups, kind->second, &CpuGroup::name);
    if (group == groups.end()) group = groups.insert(group, CpuGroup{kind->second, {}});
    group->cpus.push_back(cpu);
  }
  if (groups.size() < 2) groups.clear();
  return groups;
}

std::vector<CpuGroup> cores_by_node(const HostView& host) {
  constexpr std::string_view k_start = "node";
  const std::vector<unsigned> cores = one_cpu_of_each_core(host);
  std::map<unsigned, CpuGroup> nodes;  // by number: "node10" comes after "node2"
  for (const std::string& name : host.list(k_nodes)) {
    const auto number = name.starts_with(k_start)
                            ? parse_number<unsigned>(std::string_view(name).substr(k_start.size()))
                            : std::nullopt;
    if (!number) continue;
    const auto text = host.read_text(fmt::format("{}/{}/cpulist", k_nodes, name), 65536);
    const auto near = text ? parse_cpu_list(trim(*text)) : std::nullopt;
    if (!near) continue;
    CpuGroup group{fmt::format("node {}", *number), {}};
    std::ranges::copy_if(cores, std::back_inserter(group.cpus), [&near](unsigned cpu) {
      return std::ranges::find(*near, cpu) != near->end();
    });
    if (!group.cpus.empty()) nodes.emplace(*number, std::move(group));
  }
  std::vector<CpuGroup> groups;
  if (nodes.size() < 2) return groups;
  for (auto& [number, group] : nodes) groups.push_back(std::move(group));
  return groups;
}

}  // namespace assay
