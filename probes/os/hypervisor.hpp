#pragma once

#include <string>

#include "base/fact.hpp"
#include "base/host_view.hpp"

namespace assay {

/// OsProfile::hypervisor, by CPUID, /sys/hypervisor, the device tree, firmware names or CPU flags.
Fact<std::string> probe_hypervisor(const HostView& host);

}  // namespace assay
