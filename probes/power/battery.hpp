#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Batteries and mains of /sys/class/power_supply: `on_battery`, `mains_online`, `batteries`.
void probe_power_supplies(const HostView& host, PowerProfile& power);

}  // namespace assay
