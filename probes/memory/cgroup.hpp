#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/host_view.hpp"

namespace assay {

/// The control groups of the process, one chain of folders for each hierarchy, from the process's
/// own group up to the root that can be seen. An ancestor's limit binds as much as one's own.
struct CgroupChain {
  int version = 2;                   // 2, or 1 for the hierarchy of one controller
  std::vector<std::string> folders;  // innermost first
};

struct CgroupView {
  std::vector<CgroupChain> memory, cpu, cpuset;
  /// Why nothing can be said about control groups; empty when something can.
  std::string reason;
};

/// Finds the chains by /proc/self/cgroup and the mounts (mountinfo, else mounts, else the usual
/// places). Version 1, version 2 and mixtures of both.
CgroupView find_cgroups(const HostView& host);

/// The tightest memory limit of all levels, what is left below the nearest one, and whence.
struct MemoryLimit {
  std::optional<std::uint64_t> limit_bytes;
  std::optional<std::uint64_t> headroom_bytes;
  std::string limit_source;
  std::string headroom_source;
  std::string problem;  // a level that could not be read; it might be tighter
};
/// `memory.max`, `memory.high` (version 2) and `memory.limit_in_bytes` (version 1); page cache that
/// the kernel would give back (inactive_file) counts as free.
MemoryLimit cgroup_memory_limit(const HostView& host, const CgroupView& groups);

/// The smallest CPU quota of all levels, in CPUs: 2.5 for 250 ms of each 100 ms.
struct CpuQuota {
  std::optional<double> cpus;
  std::string source;
};
CpuQuota cgroup_cpu_quota(const HostView& host, const CgroupView& groups);

/// What the cpuset allows: the smallest set of all levels; nothing when no level says.
struct CpusetLimits {
  std::optional<std::vector<unsigned>> cpus;
  std::optional<std::vector<unsigned>> memory_nodes;
};
CpusetLimits cgroup_cpuset(const HostView& host, const CgroupView& groups);

}  // namespace assay
