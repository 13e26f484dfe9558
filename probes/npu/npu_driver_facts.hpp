#pragma once

#include <string>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// What the driver shows in the device's folder: firmware, name, clock, memory in use.
void read_npu_driver_facts(const HostView& host, const std::string& folder, NpuProfile& npu);

/// NpuProfile::usable, from the facts about driver, node and runtime.
Fact<bool> npu_usable(const NpuProfile& npu);

}  // namespace assay
