#include "probes/memory/memory_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/memory/cgroup.hpp"
#include "probes/memory/memory_modules.hpp"
#include "probes/memory/memory_pages.hpp"

namespace assay {
namespace {

/// "KEY:   123 kB" of /proc/meminfo.
Fact<Bytes> meminfo_field(const tl::expected<std::string, ReadFailure>& text,
                          std::string_view key) {
  if (!text) return Fact<Bytes>::unknown(text.error().reason);
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(":")) continue;
    const std::string_view value = trim(line.substr(key.size() + 1));
    const std::size_t space = value.find(' ');
    const auto kibibytes = parse_number<std::uint64_t>(value.substr(0, space));
    const bool has_unit = space != std::string_view::npos && trim(value.substr(space)) == "kB";
    if (!kibibytes || !has_unit || *kibibytes >= (std::uint64_t{1} << 50U)) {
      return Fact<Bytes>::unknown(
          fmt::format("/proc/meminfo: {}: \"{}\" found (expected kB)", key, printable(value, 40)));
    }
    return Fact<Bytes>::known(Bytes(*kibibytes * 1024), fmt::format("/proc/meminfo {}", key));
  }
  return Fact<Bytes>::unknown(fmt::format("/proc/meminfo has no {}", key));
}

/// One field of the file: "some avg10=0.00 avg60=..." in one line, "full avg10=..." in the next.
Fact<double> probe_pressure(const HostView& host, std::string_view mark) {
  const std::string_view path = "/proc/pressure/memory";
  const auto text = host.read_text(path, 4096);
  if (!text) {
    return Fact<double>::unknown(text.error().reason + " (the kernel may be built without it)");
  }
  const std::size_t at = text->find(mark);
  if (at != std::string::npos) {
    const std::string_view rest = std::string_view(*text).substr(at + mark.size());
    const auto value = parse_number<double>(rest.substr(0, rest.find_first_of(" \n")));
    if (value && *value >= 0 && *value <= 100) {
      return Fact<double>::known(*value, std::string(path));
    }
  }
  return Fact<double>::unknown(fmt::format("{}: no \"{}\" in percent", path, mark));
}

void describe_limits(const HostView& host, MemoryProfile& memory) {
  const CgroupView groups = find_cgroups(host);
  MemoryLimit found = cgroup_memory_limit(host, groups);
  if (host.is_live()) {
    const auto space = live_address_space_limit();
    if (space && (!found.limit_bytes || space->limit_bytes < *found.limit_bytes)) {
      found.limit_bytes = space->limit_bytes;
      found.limit_source = "RLIMIT_AS";
    }
    if (space && (!found.headroom_bytes || space->headroom_bytes < *found.headroom_bytes)) {
      found.headroom_bytes = space->headroom_bytes;
      found.headroom_source = "RLIMIT_AS less the address space in use";
    }
  }
  const std::string why_not = !found.problem.empty() ? found.problem : groups.reason;
  const std::string caution = found.problem.empty() ? "" : fmt::format(" ({})", found.problem);
  if (found.limit_bytes) {
    memory.limit = Fact<Bytes>::known(Bytes(*found.limit_bytes), found.limit_source + caution);
  } else if (why_not.empty()) {
    memory.limit = Fact<Bytes>::absent("no level of the cgroup tree sets one");
  } else {
    memory.limit = Fact<Bytes>::unknown(why_not);
  }
  if (found.headroom_bytes) {
    memory.limit_headroom =
        Fact<Bytes>::known(Bytes(*found.headroom_bytes), found.headroom_source + caution);
  } else if (memory.limit.state() == FactState::absent) {
    memory.limit_headroom = Fact<Bytes>::absent("there is no limit");
  } else {
    memory.limit_headroom =
        Fact<Bytes>::unknown(why_not.empty() ? "the limit's own usage could not be read" : why_not);
  }
}

/// What this process may keep from being swapped out.
Fact<Bytes> probe_lock_limit(const HostView& host) {
  if (!host.is_live()) return Fact<Bytes>::unknown("a recording does not tell of this process");
  const auto limit = live_lock_limit();
  return limit ? Fact<Bytes>::known(Bytes(*limit), "RLIMIT_MEMLOCK")
               : Fact<Bytes>::absent("RLIMIT_MEMLOCK is unlimited");
}

}  // namespace

MemoryProfile probe_memory(const HostView& host) {
  MemoryProfile memory;
  const auto meminfo = host.read_text("/proc/meminfo", 65536);
  memory.total = meminfo_field(meminfo, "MemTotal");
  memory.free = meminfo_field(meminfo, "MemFree");
  memory.available = meminfo_field(meminfo, "MemAvailable");
  memory.swap_total = meminfo_field(meminfo, "SwapTotal");
  memory.swap_free = meminfo_field(meminfo, "SwapFree");
  describe_limits(host, memory);
  memory.lock_limit = probe_lock_limit(host);
  describe_memory_pages(host, memory);
  memory.pressure_avg10 = probe_pressure(host, "some avg10=");
  memory.full_pressure_avg10 = probe_pressure(host, "full avg10=");
  describe_memory_modules(host, memory);
  return memory;
}

}  // namespace assay
