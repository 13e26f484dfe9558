#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

PowerProfile probe_power(const HostView& host);

}  // namespace assay
