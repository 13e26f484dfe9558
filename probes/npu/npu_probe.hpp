#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Neural processors by PCI id and by /sys/class/accel; fills `npus` and `npu_count`.
void probe_npus(const HostView& host, MachineProfile& profile);

}  // namespace assay
