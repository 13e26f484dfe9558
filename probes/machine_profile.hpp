#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fact.hpp"
#include "base/units.hpp"
#include "probes/profile/cpu_profile.hpp"
#include "probes/profile/gpu_profile.hpp"
#include "probes/profile/memory_profile.hpp"
#include "probes/profile/npu_profile.hpp"
#include "probes/profile/os_profile.hpp"
#include "probes/profile/power_profile.hpp"
#include "probes/profile/storage_profile.hpp"

namespace assay {

/// What a machine is. Every fact carries its source, or why it is not known.
struct MachineProfile {
  std::string id;    // salted hash of what identifies the machine; no serial number or name in it
  std::string root;  // "/" or the recording that was replayed
  CpuProfile cpu;
  MemoryProfile memory;
  std::vector<GpuProfile> gpus;
  std::vector<NpuProfile> npus;
  /// Sizes of the two lists, software devices not counted; unknown when the buses could not be read
  /// (an empty list says nothing then).
  Fact<std::uint32_t> gpu_count, npu_count;
  OsProfile os;
  PowerProfile power;
  StorageProfile storage;

  /// What a model may use now: the least of free memory and the headroom of each limit. Unknown
  /// when neither is.
  [[nodiscard]] Fact<Bytes> usable_memory() const;
};

}  // namespace assay
