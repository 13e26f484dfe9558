#include "probes/power/power_probe.hpp"

#include "base/text.hpp"
#include "probes/power/battery.hpp"
#include "probes/power/power_zones.hpp"
#include "probes/power/thermal.hpp"

namespace assay {
namespace {

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
  power.platform_profile = probe_platform_profile(host);
  probe_power_supplies(host, power);
  probe_power_zones(host, power);
  probe_thermal(host, power);
  power.device_sensors = probe_device_sensors(host);
  return power;
}

}  // namespace assay
