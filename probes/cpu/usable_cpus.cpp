#include "probes/cpu/usable_cpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/affinity.hpp"
#include "probes/memory/cgroup.hpp"
#include "probes/probe.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

std::optional<std::vector<unsigned>> affinity(const HostView& host) {
  if (host.is_live()) {
    auto cpus = allowed_cpus();
    if (!cpus.empty()) return cpus;
    return std::nullopt;
  }
  const auto text = host.read_text("/proc/self/status", 65536);
  const std::string_view key = "Cpus_allowed_list:";
  const std::size_t at = text ? text->find(key) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(*text).substr(at + key.size());
  auto cpus = parse_cpu_list(rest.substr(0, rest.find('\n')));
  if (!cpus || cpus->empty()) return std::nullopt;
  return cpus;
}

std::vector<unsigned> common(const std::vector<unsigned>& a, const std::vector<unsigned>& b) {
  std::vector<unsigned> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

/// Those of a cpuset that are online: old kernels leave the others in it.
std::vector<unsigned> online_of(const HostView& host, const std::vector<unsigned>& cpus) {
  std::vector<unsigned> online = common(cpus, online_cpus(host));
  return online.empty() ? cpus : online;
}

}  // namespace

Fact<std::uint32_t> probe_usable_cpus(const HostView& host,
                                      const Fact<std::uint32_t>& logical_cores) {
  std::optional<std::uint32_t> least;
  std::string source;
  const auto take = [&](std::uint32_t count, const std::string& from) {
    if (least && *least <= count) return;
    least = std::max(count, 1U);
    source = from;
  };
  if (const auto cpus = affinity(host)) {
    take(static_cast<std::uint32_t>(cpus->size()), "affinity mask");
  }
  const CgroupView groups = find_cgroups(host);
  if (const auto cpus = cgroup_cpuset(host, groups).cpus) {
    take(static_cast<std::uint32_t>(online_of(host, *cpus).size()), "cgroup cpuset");
  }
  const CpuQuota quota = cgroup_cpu_quota(host, groups);
  // A share of a CPU cannot be kept busy: 2.5 CPUs are two threads.
  if (quota.cpus) {
    take(static_cast<std::uint32_t>(std::min(std::floor(*quota.cpus), 65536.0)),
         fmt::format("{} ({:.2f} CPUs)", quota.source, *quota.cpus));
  }
  if (least && logical_cores.is_known()) take(logical_cores.value(), logical_cores.source());
  if (least) return Fact<std::uint32_t>::known(*least, source);
  if (groups.reason.empty() && logical_cores.is_known()) {
    return Fact<std::uint32_t>::known(logical_cores.value(),
                                      logical_cores.source() + "; no cgroup limits them");
  }
  return Fact<std::uint32_t>::unknown(
      fmt::format("neither affinity nor cgroups are told ({})", groups.reason));
}

std::optional<std::vector<unsigned>> permitted_cpus(const HostView& host) {
  const auto mask = affinity(host);
  const auto set = cgroup_cpuset(host, find_cgroups(host)).cpus;
  if (!mask || !set) return mask ? mask : set;
  std::vector<unsigned> both = common(*mask, *set);
  // A cpuset of other numbers than the mask's is not about this process (a container's view).
  return both.empty() ? mask : std::optional(std::move(both));
}

std::vector<unsigned> one_cpu_of_each_core(const HostView& host) {
  const auto allowed = affinity(host);
  const auto topology = sysfs_topology(host);
  if (!topology) return {};
  std::vector<unsigned> first;
  std::set<std::uint32_t> cores;
  for (const CpuPlace& place : topology->cpus) {
    const bool may_use =
        !allowed || std::find(allowed->begin(), allowed->end(), place.cpu) != allowed->end();
    if (may_use && cores.insert(place.core).second) first.push_back(place.cpu);
  }
  std::sort(first.begin(), first.end());
  return first;
}

}  // namespace assay
