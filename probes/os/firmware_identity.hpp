#pragma once

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// What firmware or the device tree calls the computer: `system_vendor`, `product_name`, `chassis`,
/// `portable`. Only names that every user may read; no serial numbers.
void probe_firmware_identity(const HostView& host, OsProfile& os);

}  // namespace assay
