#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// GPUs whose memory the kernel runs as NUMA nodes (NVIDIA's on POWER9, Grace Hopper):
/// /proc/meminfo counts it as the system's. Gives it to `profile.gpus`, and takes it out of
/// `profile.memory`.
void separate_gpu_nodes(const HostView& host, MachineProfile& profile);

}  // namespace assay
