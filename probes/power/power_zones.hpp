#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// The zones of /sys/class/powercap, and whether their energy counters can be read.
void probe_power_zones(const HostView& host, PowerProfile& power);

/// Devices in /sys/class/hwmon that report power or energy.
Fact<std::vector<std::string>> probe_device_sensors(const HostView& host);

}  // namespace assay
