#pragma once

#include "base/host_view.hpp"
#include "probes/profile/memory_profile.hpp"

namespace assay {

/// Compressed swap, huge pages, overcommit.
void describe_memory_pages(const HostView& host, MemoryProfile& memory);

}  // namespace assay
