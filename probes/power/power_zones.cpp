#include "probes/power/power_zones.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/text.hpp"
#include "probes/power/power_files.hpp"

namespace assay {
namespace {

constexpr const char* k_powercap = "/sys/class/powercap";
constexpr const char* k_hwmon = "/sys/class/hwmon";
constexpr double k_micro = 1e-6;
constexpr double k_most_watts = 1e5;  // no zone of a machine takes more

// The files of a constraint are numbered; its name says which limit it is. Source: Linux
// Documentation/power/powercap/powercap.rst.
void read_limits(const HostView& host, const std::string& folder, PowerZone& zone) {
  constexpr int k_most_constraints = 4;
  for (int number = 0; number < k_most_constraints; ++number) {
    const std::string constraint = fmt::format("{}/constraint_{}", folder, number);
    const std::string name = read_word(host, constraint + "_name");
    if (name.empty()) continue;
    const auto watts = read_scaled(host, constraint + "_power_limit_uw", k_micro, k_most_watts);
    if (name == "long_term") zone.long_term_limit_watts = watts;
    if (name == "short_term") zone.short_term_limit_watts = watts;
  }
}

/// Whether one counter can be read; nothing when that says nothing about the others.
Fact<bool> counter_readable(const HostView& host, const std::string& folder) {
  const std::string path = folder + "/energy_uj";
  const auto text = host.read_text(path, 64);
  if (text) return Fact<bool>::known(true, path);
  if (text.error().problem == ReadProblem::denied) {
    return Fact<bool>::known(false, text.error().reason);
  }
  return Fact<bool>::unknown(text.error().reason);
}

// Names of files in a hwmon folder: Linux Documentation/hwmon/sysfs-interface.rst.
constexpr std::array<std::string_view, 3> k_sensor_files{"power1_average", "power1_input",
                                                         "energy1_input"};

}  // namespace

void probe_power_zones(const HostView& host, PowerProfile& power) {
  using Zones = Fact<std::vector<PowerZone>>;
  if (!host.exists(k_powercap)) {
    const std::string reason = fmt::format("{}: no such folder (containers hide it)", k_powercap);
    power.zones = Zones::unknown(reason);
    power.energy_readable = Fact<bool>::unknown(reason);
    return;
  }
  std::vector<PowerZone> zones;
  for (const std::string& id : host.list(k_powercap)) {
    const std::string folder = fmt::format("{}/{}", k_powercap, id);
    const std::string name = read_word(host, folder + "/name");
    if (name.empty() || id.find(':') == std::string::npos) continue;  // a control type, no zone
    PowerZone zone;
    zone.id = printable(id, 60);
    zone.name = name;
    read_limits(host, folder, zone);
    zones.push_back(std::move(zone));
    if (!power.energy_readable.is_known() || !power.energy_readable.value()) {
      power.energy_readable = counter_readable(host, folder);
    }
  }
  if (zones.empty()) {
    const std::string none = fmt::format("{}: no zones", k_powercap);
    power.zones = Zones::absent(none);
    power.energy_readable = Fact<bool>::absent(none);
    return;
  }
  power.zones = Zones::known(std::move(zones), k_powercap);
}

Fact<std::vector<std::string>> probe_device_sensors(const HostView& host) {
  using Sensors = Fact<std::vector<std::string>>;
  if (!host.exists(k_hwmon)) {
    return Sensors::unknown(fmt::format("{}: no such folder", k_hwmon));
  }
  std::vector<std::string> sensors;
  for (const std::string& device : host.list(k_hwmon)) {
    const std::string folder = fmt::format("{}/{}", k_hwmon, device);
    const std::string name = read_word(host, folder + "/name");
    for (const std::string_view file : k_sensor_files) {
      if (name.empty() || !host.exists(fmt::format("{}/{}", folder, file))) continue;
      sensors.push_back(fmt::format("{} {}", name, file));
    }
  }
  if (sensors.empty()) return Sensors::absent(fmt::format("{}: no power sensors", k_hwmon));
  return Sensors::known(std::move(sensors), k_hwmon);
}

}  // namespace assay
