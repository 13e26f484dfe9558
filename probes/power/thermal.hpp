#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Temperatures of /sys/class/thermal, and the processors' throttle counters.
void probe_thermal(const HostView& host, PowerProfile& power);

}  // namespace assay
