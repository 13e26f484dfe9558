#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

OsProfile probe_os(const HostView& host);

}  // namespace assay
