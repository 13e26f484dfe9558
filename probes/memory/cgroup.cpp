#include "probes/memory/cgroup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/topology/topology.hpp"

namespace assay {
namespace {

constexpr std::size_t k_deepest_group = 64;

struct Mount {
  std::string root;   // the part of the hierarchy that is mounted, "/" for all of it
  std::string place;  // where
  bool unified = false;
  std::vector<std::string> controllers;  // of a version 1 hierarchy
};

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> items;
  for (const std::string_view item : split(text, ',')) items.emplace_back(item);
  return items;
}

/// "ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [TAGS] - TYPE DEVICE SUPEROPTIONS"
std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto left = split(line.substr(0, dash), ' ');
    const auto right = split(line.substr(dash + 3), ' ');
    if (left.size() < 5 || right.size() < 3 || !right[0].starts_with("cgroup")) continue;
    mounts.push_back(
        {std::string(left[3]), std::string(left[4]), right[0] == "cgroup2", comma_list(right[2])});
  }
  return mounts;
}

/// "DEVICE PLACE TYPE OPTIONS 0 0", which does not name the root.
std::vector<Mount> parse_mounts(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 4) continue;
    if (words[2] == "cpuset") {  // older than control groups, with the same files
      mounts.push_back({"/", std::string(words[1]), false, {"cpuset"}});
    } else if (words[2].starts_with("cgroup")) {
      mounts.push_back({"/", std::string(words[1]), words[2] == "cgroup2", comma_list(words[3])});
    }
  }
  return mounts;
}

std::vector<Mount> usual_mounts(const HostView& host) {
  std::vector<Mount> mounts;
  for (const char* place : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (host.exists(std::string(place) + "/cgroup.controllers")) {
      mounts.push_back({"/", place, true, {}});
    }
  }
  for (const char* controller : {"memory", "cpu", "cpuset"}) {
    const std::string place = fmt::format("/sys/fs/cgroup/{}", controller);
    if (host.exists(place)) mounts.push_back({"/", place, false, {controller}});
  }
  return mounts;
}

std::vector<Mount> find_mounts(const HostView& host) {
  std::vector<Mount> mounts;
  if (const auto text = host.read_text("/proc/self/mountinfo")) mounts = parse_mountinfo(*text);
  if (!mounts.empty()) return mounts;
  for (const char* path : {"/proc/self/mounts", "/proc/mounts"}) {
    const auto text = host.read_text(path);
    if (text && mounts.empty()) mounts = parse_mounts(*text);
  }
  return mounts.empty() ? usual_mounts(host) : mounts;
}

/// The folders of a group from the innermost up to the mount. A path that is not below the mounted
/// root (a group outside of the container's view) is looked for from the mount itself.
std::vector<std::string> chain_folders(const HostView& host, const Mount& mount,
                                       std::string_view group) {
  if (mount.root != "/" && group.starts_with(mount.root)) group.remove_prefix(mount.root.size());
  std::vector<std::string> folders{mount.place};
  std::string folder = mount.place;
  for (const std::string_view part : split(group, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." || folders.size() >= k_deepest_group) break;
    folder += fmt::format("/{}", part);
    if (!host.exists(folder)) break;
    folders.push_back(folder);
  }
  std::reverse(folders.begin(), folders.end());
  return folders;
}

bool contains(const std::vector<std::string>& items, std::string_view item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

void add_group(const HostView& host, const std::vector<Mount>& mounts, std::string_view controllers,
               std::string_view group, CgroupView& view) {
  const bool unified = controllers.empty();
  const std::vector<std::string> wanted = comma_list(controllers);
  const auto add = [&](std::string_view controller, std::vector<CgroupChain>& chains) {
    for (const Mount& mount : mounts) {
      if (mount.unified != unified) continue;
      if (!unified && (!contains(mount.controllers, controller) || !contains(wanted, controller))) {
        continue;
      }
      chains.push_back({unified ? 2 : 1, chain_folders(host, mount, group)});
      return;
    }
  };
  add("memory", view.memory);
  add("cpu", view.cpu);
  add("cpuset", view.cpuset);
}

enum class Reading { missing, unlimited, limited, unreadable };

struct LimitFile {
  Reading reading = Reading::missing;
  std::uint64_t value = 0;
  std::string problem;
};

/// A byte count, or the word "max".
LimitFile read_limit(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  if (!text) {
    if (text.error().problem == ReadProblem::missing) return {};
    return {Reading::unreadable, 0, text.error().reason};
  }
  const std::string_view word = trim(*text);
  if (word == "max" || word == "-1") return {Reading::unlimited, 0, {}};
  const auto value = parse_number<std::uint64_t>(word);
  if (!value) {
    return {Reading::unreadable, 0,
            fmt::format("{}: \"{}\" found (expected a number or max)", path, printable(word, 40))};
  }
  // Version 1 writes "no limit" as the largest number of pages.
  const bool none = *value >= (std::uint64_t{1} << 62U);
  return {none ? Reading::unlimited : Reading::limited, *value, {}};
}

/// One line "KEY VALUE" of a memory.stat file.
std::uint64_t read_stat(const HostView& host, const std::string& path, std::string_view key) {
  const auto text = host.read_text(path, 65536);
  if (!text) return 0;
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(" ")) continue;
    return parse_number<std::uint64_t>(trim(line.substr(key.size()))).value_or(0);
  }
  return 0;
}

struct MemoryFiles {
  std::vector<std::string_view> limits;
  std::string_view usage;
  std::string_view reclaimable;
};

MemoryFiles memory_files(int version) {
  if (version == 2) return {{"memory.max", "memory.high"}, "memory.current", "inactive_file"};
  return {{"memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file"};
}

/// A limit of one level, and what is left below it by that level's own usage.
void take_limit(const HostView& host, const std::string& folder, const MemoryFiles& files,
                std::uint64_t limit, const std::string& source, MemoryLimit& found) {
  if (!found.limit_bytes || limit < *found.limit_bytes) {
    found.limit_bytes = limit;
    found.limit_source = source;
  }
  const LimitFile usage = read_limit(host, fmt::format("{}/{}", folder, files.usage));
  if (usage.reading != Reading::limited) return;
  const std::uint64_t cache = std::min(
      read_stat(host, fmt::format("{}/memory.stat", folder), files.reclaimable), usage.value);
  const std::uint64_t used = usage.value - cache;
  const std::uint64_t headroom = limit > used ? limit - used : 0;
  if (!found.headroom_bytes || headroom < *found.headroom_bytes) {
    found.headroom_bytes = headroom;
    found.headroom_source = source + " less what is in use, reclaimable cache counted as free";
  }
}

void take_level(const HostView& host, const std::string& folder, const MemoryFiles& files,
                MemoryLimit& found) {
  for (const std::string_view name : files.limits) {
    const std::string path = fmt::format("{}/{}", folder, name);
    const LimitFile limit = read_limit(host, path);
    if (limit.reading == Reading::unreadable) found.problem = limit.problem;
    if (limit.reading != Reading::limited) continue;
    take_limit(host, folder, files, limit.value, path, found);
  }
}

/// Version 1 tells the limit of all ancestors in the innermost group, of those too that a container
/// does not see.
void take_hidden_ancestors(const HostView& host, const std::string& folder,
                           const MemoryFiles& files, MemoryLimit& found) {
  const std::string_view key = "hierarchical_memory_limit";
  const std::string path = fmt::format("{}/memory.stat", folder);
  const std::uint64_t limit = read_stat(host, path, key);
  if (limit == 0 || limit >= (std::uint64_t{1} << 62U)) return;
  if (found.limit_bytes && *found.limit_bytes <= limit) return;
  take_limit(host, folder, files, limit, fmt::format("{} {}", path, key), found);
}

/// Version 2 holds "QUOTA PERIOD" in one file, version 1 two numbers in two.
std::optional<double> read_quota(const HostView& host, int version, const std::string& folder) {
  std::string quota;
  std::string period;
  if (version == 2) {
    const auto text = host.read_text(folder + "/cpu.max", 4096);
    if (!text) return std::nullopt;
    const auto words = split(trim(*text), ' ');
    if (words.size() != 2) return std::nullopt;
    quota = words[0];
    period = words[1];
  } else {
    quota = host.read_text(folder + "/cpu.cfs_quota_us", 4096).value_or("");
    period = host.read_text(folder + "/cpu.cfs_period_us", 4096).value_or("");
  }
  const double microseconds = parse_number<double>(trim(quota)).value_or(0);  // "max", -1: none
  const double window = parse_number<double>(trim(period)).value_or(0);
  if (microseconds <= 0 || window <= 0) return std::nullopt;
  return microseconds / window;
}

}  // namespace

CgroupView find_cgroups(const HostView& host) {
  CgroupView view;
  const std::vector<Mount> mounts = find_mounts(host);
  const auto text = host.read_text("/proc/self/cgroup");
  if (!text) {
    view.reason = text.error().reason;
    // Kernels and recordings without that file may still name the group of one controller.
    if (const auto group = host.read_text("/proc/self/cpuset", 4096)) {
      add_group(host, mounts, "cpuset", trim(*group), view);
      if (view.cpuset.empty()) add_group(host, mounts, "", trim(*group), view);
      view.memory.clear();
      view.cpu.clear();
    }
    return view;
  }
  for (const std::string_view line : split(*text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    add_group(host, mounts, line.substr(first + 1, second - first - 1), line.substr(second + 1),
              view);
  }
  if (view.memory.empty() && view.cpu.empty() && view.cpuset.empty()) {
    view.reason = "no mounted cgroup hierarchy holds the groups of /proc/self/cgroup";
  }
  return view;
}

MemoryLimit cgroup_memory_limit(const HostView& host, const CgroupView& groups) {
  MemoryLimit found;
  for (const CgroupChain& chain : groups.memory) {
    const MemoryFiles files = memory_files(chain.version);
    for (const std::string& folder : chain.folders) take_level(host, folder, files, found);
    if (chain.version == 1 && !chain.folders.empty()) {
      take_hidden_ancestors(host, chain.folders.front(), files, found);
    }
  }
  return found;
}

CpuQuota cgroup_cpu_quota(const HostView& host, const CgroupView& groups) {
  CpuQuota tightest;
  for (const CgroupChain& chain : groups.cpu) {
    for (const std::string& folder : chain.folders) {
      const auto quota = read_quota(host, chain.version, folder);
      if (!quota || (tightest.cpus && *tightest.cpus <= *quota)) continue;
      tightest.cpus = quota;
      tightest.source = folder + (chain.version == 2 ? "/cpu.max" : "/cpu.cfs_quota_us");
    }
  }
  return tightest;
}

CpusetLimits cgroup_cpuset(const HostView& host, const CgroupView& groups) {
  CpusetLimits limits;
  const auto take = [&host](const std::string& folder,
                            std::initializer_list<std::string_view> names,
                            std::optional<std::vector<unsigned>>& smallest) {
    for (const std::string_view name : names) {
      const auto text = host.read_text(fmt::format("{}/{}", folder, name), 65536);
      auto members = text ? parse_cpu_list(*text) : std::nullopt;
      if (!members || members->empty()) continue;
      if (!smallest || members->size() < smallest->size()) smallest = std::move(members);
      return;
    }
  };
  for (const CgroupChain& chain : groups.cpuset) {
    for (const std::string& folder : chain.folders) {
      // Version 2, version 1, and version 1 mounted without prefixes.
      take(folder, {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus", "cpus"},
           limits.cpus);
      take(folder, {"cpuset.mems.effective", "cpuset.effective_mems", "cpuset.mems", "mems"},
           limits.memory_nodes);
    }
  }
  return limits;
}

}  // namespace assay
