#pragma once

#include <optional>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

MemoryProfile probe_memory(const HostView& host);

/// CpuProfile::usable_cpus: the least of the affinity mask, the cpuset and the quota, at least 1.
Fact<std::uint32_t> probe_usable_cpus(const HostView& host,
                                      const Fact<std::uint32_t>& logical_cores);

/// The limit on this process's address space (RLIMIT_AS), and what is left below it; nothing when
/// there is none. Of the live process only.
struct AddressSpaceLimit {
  std::uint64_t limit_bytes;
  std::uint64_t headroom_bytes;
};
std::optional<AddressSpaceLimit> live_address_space_limit();

}  // namespace assay
