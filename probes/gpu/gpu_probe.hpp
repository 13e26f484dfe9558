#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// GPUs by PCI class and by /sys/class/drm, with what their drivers show in /sys; fills `gpus` and
/// `gpu_count`. Memory sizes come from the driver only: the size of a bus window (BAR) is not one.
/// What the kernel counts as the system's memory and is a GPU's is taken out of `memory`.
void probe_gpus(const HostView& host, MachineProfile& profile);

}  // namespace assay
