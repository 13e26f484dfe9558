#pragma once

#include <optional>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

MemoryProfile probe_memory(const HostView& host);

/// The limit on this process's address space (RLIMIT_AS), and what is left below it; nothing when
/// there is none. Of the live process only.
struct AddressSpaceLimit {
  std::uint64_t limit_bytes;
  std::uint64_t headroom_bytes;
};
std::optional<AddressSpaceLimit> live_address_space_limit();

/// How many bytes this process may lock in memory (RLIMIT_MEMLOCK); nothing when any number.
std::optional<std::uint64_t> live_lock_limit();

}  // namespace assay
