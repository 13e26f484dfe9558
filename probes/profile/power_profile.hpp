#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fact.hpp"

namespace assay {

/// A part of the processor whose energy the system counts and limits (RAPL): "package-0", "core",
/// "dram", "psys". A limit of 0 or of thousands of watts is none.
struct PowerZone {
  std::string id;  // "intel-rapl:0:1"
  std::string name;
  std::optional<double> long_term_limit_watts;
  std::optional<double> short_term_limit_watts;
};

/// A battery of the machine itself; those of mice and headphones are not listed.
struct Battery {
  std::string name;                              // "BAT0"
  std::optional<std::string> status;             // "Discharging"
  std::optional<double> charge_ratio;            // 0 to 1, of what it holds now
  std::optional<double> energy_joules;           // that is left
  std::optional<double> capacity_joules;         // when full, now
  std::optional<double> design_capacity_joules;  // when full and new
  std::optional<double> wear_ratio;              // what has been lost of the design
  std::optional<double> power_watts;             // into it or out of it
  std::optional<std::uint32_t> cycle_count;
};

struct ThermalZone {
  std::string name;  // "thermal_zone0"
  std::string type;  // "x86_pkg_temp"
  std::optional<double> celsius;
};

struct PowerProfile {
  Fact<bool> on_battery;
  Fact<bool> mains_online;
  Fact<std::string> platform_profile;
  Fact<std::vector<PowerZone>> zones;
  Fact<bool> energy_readable;  // the zones' energy counters, by this user
  Fact<std::vector<Battery>> batteries;
  Fact<std::vector<ThermalZone>> thermal_zones;
  /// How often a core or a package was slowed down by heat since the start: the highest of any CPU.
  Fact<std::uint32_t> core_throttle_count, package_throttle_count;
  /// Devices that report power or energy of their own: "amdgpu power1_average".
  Fact<std::vector<std::string>> device_sensors;
};

}  // namespace assay
