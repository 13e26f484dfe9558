#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Everything of CpuProfile except usable_cpus. Sources in order of trust: CPUID by our own decoder
/// (with XCR0), hwloc and /sys for what the machine has as a whole, /proc/cpuinfo where there is no
/// CPUID, libcpuid as a second opinion.
CpuProfile probe_cpu(const HostView& host);

}  // namespace assay
