#pragma once

#include <string>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// A stable name of a machine: the first half of a salted SHA-256 over brand, counts, memory
/// (to the nearest GiB: kernels differ in what they keep for themselves), board and product names,
/// and /etc/machine-id. None of them can be read back from it.
std::string machine_id(const HostView& host, const MachineProfile& profile);

}  // namespace assay
