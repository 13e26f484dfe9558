#pragma once

#include "base/host_view.hpp"
#include "probes/profile/gpu_profile.hpp"

namespace assay {

/// The memory that the processor works with; a carve-out of integrated graphics is not in it.
struct SystemMemory {
  Fact<Bytes> total;
  Fact<Bytes> available;
  Fact<Bytes> lendable;  // what the kernel lends to all graphics drivers together at most (TTM)
};

SystemMemory read_system_memory(const HostView& host);

/// What a model may use of a GPU. dedicated: what is free of its own memory, or all of it when that
/// is not told. unified: the carve-out and, beyond it, the least of what the driver lends, what is
/// available and the kernel's limit. shared: what is available. Never a sum with system memory.
Fact<Bytes> usable_gpu_memory(const GpuProfile& gpu, const SystemMemory& system);

}  // namespace assay
