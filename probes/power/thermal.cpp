#include "probes/power/thermal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/power/power_files.hpp"

namespace assay {
namespace {

constexpr const char* k_thermal = "/sys/class/thermal";
constexpr const char* k_cpus = "/sys/devices/system/cpu";
constexpr double k_milli = 1e-3;
constexpr double k_hottest_celsius = 200.0;  // no chip works beyond; sensors that fail say more

Fact<std::vector<ThermalZone>> probe_zones(const HostView& host) {
  using Zones = Fact<std::vector<ThermalZone>>;
  if (!host.exists(k_thermal)) return Zones::unknown(fmt::format("{}: no such folder", k_thermal));
  std::vector<ThermalZone> zones;
  for (const std::string& name : host.list(k_thermal)) {
    if (!name.starts_with("thermal_zone")) continue;
    const std::string folder = fmt::format("{}/{}", k_thermal, name);
    zones.push_back({printable(name, 40), read_word(host, folder + "/type"),
                     read_scaled(host, folder + "/temp", k_milli, k_hottest_celsius)});
  }
  if (zones.empty()) return Zones::absent(fmt::format("{}: no thermal zones", k_thermal));
  return Zones::known(std::move(zones), k_thermal);
}

/// "cpu12"
bool is_cpu_name(std::string_view name) {
  return name.starts_with("cpu") && parse_number<unsigned>(name.substr(3)).has_value();
}

Fact<std::uint32_t> highest_count(const HostView& host, const char* file) {
  std::optional<std::uint32_t> highest;
  for (const std::string& cpu : host.list(k_cpus)) {
    if (!is_cpu_name(cpu)) continue;
    const auto text =
        host.read_text(fmt::format("{}/{}/thermal_throttle/{}", k_cpus, cpu, file), 64);
    const auto count = text ? parse_number<std::uint32_t>(trim(*text)) : std::nullopt;
    if (count) highest = std::max(highest.value_or(0), *count);
  }
  const std::string path = fmt::format("{}/cpu*/thermal_throttle/{}", k_cpus, file);
  if (highest) return Fact<std::uint32_t>::known(*highest, path);
  return Fact<std::uint32_t>::unknown(path + ": no such file");
}

}  // namespace

void probe_thermal(const HostView& host, PowerProfile& power) {
  power.thermal_zones = probe_zones(host);
  power.core_throttle_count = highest_count(host, "core_throttle_count");
  power.package_throttle_count = highest_count(host, "package_throttle_count");
}

}  // namespace assay
