#include "probes/power/battery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "probes/power/power_files.hpp"

namespace assay {
namespace {

constexpr const char* k_supplies = "/sys/class/power_supply";
constexpr double k_micro = 1e-6;
constexpr double k_seconds_of_an_hour = 3600.0;
// Beyond what a machine carries (10 kWh, 100 kV, 10 kA): a broken file.
constexpr double k_most_watt_hours = 1e4;
constexpr double k_most_volts = 1e5;
constexpr double k_most_amperes = 1e4;
constexpr double k_most_watts = 1e5;

/// An amount of energy in joules: by energy_X (micro-watt-hours), else charge_X
/// (micro-ampere-hours) times the voltage. Source: Linux
/// Documentation/ABI/testing/sysfs-class-power.
std::optional<double> read_energy(const HostView& host, const std::string& folder,
                                  const char* which, std::optional<double> volts) {
  auto watt_hours =
      read_scaled(host, fmt::format("{}/energy_{}", folder, which), k_micro, k_most_watt_hours);
  if (!watt_hours && volts) {
    const auto ampere_hours =
        read_scaled(host, fmt::format("{}/charge_{}", folder, which), k_micro, k_most_watt_hours);
    if (ampere_hours) watt_hours = *ampere_hours * *volts;
  }
  if (!watt_hours || *watt_hours < 0) return std::nullopt;
  return *watt_hours * k_seconds_of_an_hour;
}

std::optional<double> read_power(const HostView& host, const std::string& folder,
                                 std::optional<double> volts_now) {
  // Some drivers give what flows out of the battery a sign.
  if (const auto watts = read_scaled(host, folder + "/power_now", k_micro, k_most_watts)) {
    return std::abs(*watts);
  }
  const auto amperes = read_scaled(host, folder + "/current_now", k_micro, k_most_amperes);
  if (!amperes || !volts_now) return std::nullopt;
  return std::abs(*amperes * *volts_now);
}

Battery describe_battery(const HostView& host, const std::string& name, const std::string& folder) {
  Battery battery;
  battery.name = name;
  const std::string status = read_word(host, folder + "/status");
  if (!status.empty()) battery.status = status;
  const auto percent = read_scaled(host, folder + "/capacity", 1.0, 100.0);
  if (percent && *percent >= 0) battery.charge_ratio = *percent / 100.0;
  const auto volts_now = read_scaled(host, folder + "/voltage_now", k_micro, k_most_volts);
  const auto design = read_scaled(host, folder + "/voltage_min_design", k_micro, k_most_volts);
  const auto volts = design ? design : volts_now;
  battery.energy_joules = read_energy(host, folder, "now", volts);
  battery.capacity_joules = read_energy(host, folder, "full", volts);
  battery.design_capacity_joules = read_energy(host, folder, "full_design", volts);
  if (battery.capacity_joules && battery.design_capacity_joules.value_or(0) > 0) {
    // A new battery may hold more than it was designed for.
    battery.wear_ratio =
        std::max(0.0, 1.0 - *battery.capacity_joules / *battery.design_capacity_joules);
  }
  battery.power_watts = read_power(host, folder, volts_now);
  constexpr double k_most_cycles = 1e6;
  const auto cycles = read_scaled(host, folder + "/cycle_count", 1.0, k_most_cycles);
  // Drivers that do not count say 0.
  if (cycles && *cycles > 0) battery.cycle_count = static_cast<std::uint32_t>(*cycles);
  return battery;
}

}  // namespace

void probe_power_supplies(const HostView& host, PowerProfile& power) {
  using Batteries = Fact<std::vector<Battery>>;
  if (!host.exists(k_supplies)) {
    const std::string reason = fmt::format("{}: no such folder", k_supplies);
    power.on_battery = Fact<bool>::unknown(reason);
    power.mains_online = Fact<bool>::unknown(reason);
    power.batteries = Batteries::unknown(reason);
    return;
  }
  std::vector<Battery> batteries;
  bool has_mains = false;
  bool plugged = false;
  for (const std::string& name : host.list(k_supplies)) {
    const std::string folder = fmt::format("{}/{}", k_supplies, name);
    const std::string type = read_word(host, folder + "/type");
    if (type == "Battery") {
      // Mice and headphones have batteries too; theirs have the scope "Device".
      if (read_word(host, folder + "/scope") == "Device") continue;
      batteries.push_back(describe_battery(host, name, folder));
    } else {  // Mains, USB, Wireless
      const std::string online = read_word(host, folder + "/online");
      has_mains = has_mains || !online.empty();
      plugged = plugged || online == "1";
    }
  }
  power.mains_online = has_mains ? Fact<bool>::known(plugged, k_supplies)
                                 : Fact<bool>::absent(fmt::format("{}: no mains", k_supplies));
  if (batteries.empty()) {
    const std::string none = fmt::format("{}: no battery", k_supplies);
    power.on_battery = Fact<bool>::known(false, none);
    power.batteries = Batteries::absent(none);
    return;
  }
  const bool discharging = std::ranges::any_of(
      batteries, [](const Battery& battery) { return battery.status == "Discharging"; });
  power.on_battery = Fact<bool>::known(discharging && !plugged, k_supplies);
  power.batteries = Batteries::known(std::move(batteries), k_supplies);
}

}  // namespace assay
