#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "workloads/measure/interference.hpp"

namespace assay {
namespace {

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{}) return std::nullopt;
  return value;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

/// The fields of /proc/stat's first line, in seconds: user nice system idle iowait irq softirq
/// steal (guest time is part of user). Source: proc(5).
void read_cpu_line(std::string_view line, SystemCounters& counters) {
  constexpr std::size_t k_idle = 3;
  constexpr std::size_t k_iowait = 4;
  constexpr std::size_t k_steal = 7;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::vector<double> fields;
  for (const std::string_view word : split(line, ' ')) {
    if (const auto value = leading_number(word); value && fields.size() <= k_steal) {
      fields.push_back(static_cast<double>(*value) / ticks);
    }
  }
  if (fields.size() <= k_steal) return;
  double total = 0.0;
  for (const double field : fields) total += field;
  counters.total_seconds = total;
  counters.steal_seconds = fields[k_steal];
  counters.busy_seconds = total - fields[k_idle] - fields[k_iowait] - fields[k_steal];
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::optional<Bytes> size_of_cache(std::string_view text) {
  const auto number = leading_number(trim(text));
  if (!number) return std::nullopt;
  const bool is_mebibytes = text.find('M') != std::string_view::npos;
  return Bytes(*number << (is_mebibytes ? 20 : 10));
}

}  // namespace

SystemCounters read_system_counters(const HostView& host) {
  SystemCounters counters;
  if (const auto stat = host.read_text("/proc/stat")) read_cpu_line(first_line(*stat), counters);
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    counters.own_cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    counters.own_major_faults = static_cast<std::uint64_t>(usage.ru_majflt);
  }
  return counters;
}

Interference interference_between(const SystemCounters& before, const SystemCounters& after) {
  Interference result;
  result.major_faults = after.own_major_faults - before.own_major_faults;
  if (!before.total_seconds || !after.total_seconds) return result;
  const double total = *after.total_seconds - *before.total_seconds;
  if (total <= 0.0) return result;
  result.steal_ratio = (*after.steal_seconds - *before.steal_seconds) / total;
  const double own = after.own_cpu_seconds - before.own_cpu_seconds;
  const double busy = *after.busy_seconds - *before.busy_seconds;
  result.neighbours_ratio = std::max(0.0, (busy - own) / total);
  return result;
}

bool runs_on_battery(const HostView& host) {
  bool has_mains = false;
  for (const std::string& supply : host.list("/sys/class/power_supply")) {
    const std::string path = "/sys/class/power_supply/" + supply;
    const auto type = host.read_text(path + "/type");
    if (!type || trim(*type) != "Mains") continue;
    has_mains = true;
    const auto online = host.read_text(path + "/online");
    if (online && trim(*online) == "1") return false;
  }
  return has_mains;
}

Bytes last_level_cache(const HostView& host) {
  // Level -> CPUs that share an instance -> its size.
  std::map<std::uint64_t, std::map<std::string, Bytes>> levels;
  for (const std::string& cpu : host.list("/sys/devices/system/cpu")) {
    const std::string folder = "/sys/devices/system/cpu/" + cpu + "/cache";
    for (const std::string& index : host.list(folder)) {
      const std::string path = folder + "/" + index;
      const auto level = host.read_text(path + "/level");
      const auto size = host.read_text(path + "/size");
      const auto shared = host.read_text(path + "/shared_cpu_list");
      if (!level || !size || !shared) continue;
      const auto number = leading_number(*level);
      const auto bytes = size_of_cache(*size);
      if (number && bytes) levels[*number][*shared] = *bytes;
    }
  }
  Bytes sum;
  if (levels.empty()) return sum;
  for (const auto& [cpus, bytes] : levels.rbegin()->second) sum += bytes;
  return sum;
}

std::optional<Bytes> peak_resident(const HostView& host) {
  const auto status = host.read_text("/proc/self/status");
  if (!status) return std::nullopt;
  constexpr std::string_view k_key = "VmHWM:";
  const std::size_t place = status->find(k_key);
  if (place == std::string::npos) return std::nullopt;
  const auto kibibytes = leading_number(trim(status->substr(place + k_key.size(), 32)));
  if (!kibibytes) return std::nullopt;
  return Bytes(*kibibytes << 10);
}

}  // namespace assay
