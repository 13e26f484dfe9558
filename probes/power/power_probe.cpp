#include "probes/power/power_probe.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/text.hpp"

namespace assay {
namespace {

std::string word(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  return text ? printable(trim(*text), 60) : std::string();
}

Fact<bool> probe_on_battery(const HostView& host) {
  const std::string folder = "/sys/class/power_supply";
  if (!host.exists(folder)) {
    return Fact<bool>::unknown(fmt::format("{}: no such folder", folder));
  }
  bool has_battery = false;
  bool discharging = false;
  bool plugged = false;
  for (const std::string& name : host.list(folder)) {
    const std::string supply = fmt::format("{}/{}", folder, name);
    const std::string type = word(host, supply + "/type");
    if (type == "Battery") {
      // Mice and headphones have batteries too; theirs have the scope "Device".
      if (word(host, supply + "/scope") == "Device") continue;
      has_battery = true;
      discharging = discharging || word(host, supply + "/status") == "Discharging";
    } else if (word(host, supply + "/online") == "1") {  // Mains, USB, Wireless
      plugged = true;
    }
  }
  if (!has_battery) return Fact<bool>::known(false, folder + ": no battery");
  return Fact<bool>::known(discharging && !plugged, folder);
}

Fact<std::string> probe_platform_profile(const HostView& host) {
  const std::string path = "/sys/firmware/acpi/platform_profile";
  const auto text = host.read_text(path, 4096);
  if (text && !trim(*text).empty()) {
    return Fact<std::string>::known(printable(trim(*text), 60), path);
  }
  if (host.exists("/sys/firmware/acpi")) {
    return Fact<std::string>::absent("the firmware offers no power profiles");
  }
  return Fact<std::string>::unknown(text ? path + " is empty" : text.error().reason);
}

}  // namespace

PowerProfile probe_power(const HostView& host) {
  PowerProfile power;
  power.on_battery = probe_on_battery(host);
  power.platform_profile = probe_platform_profile(host);
  return power;
}

}  // namespace assay
