#pragma once

#include <functional>
#include <string>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Whether this process may use a device node, or why that cannot be told.
using NodeAccess = std::function<Fact<bool>(const HostView& host, const std::string& node)>;

/// By the running machine's permissions; unknown of a recording.
Fact<bool> live_node_access(const HostView& host, const std::string& node);

/// Neural processors by PCI id, by /sys/class/accel and by the device tree; fills `npus` and
/// `npu_count`. Needs the processor's brand in `profile` to tell products of one id apart.
void probe_npus(const HostView& host, MachineProfile& profile,
                const NodeAccess& access = live_node_access);

}  // namespace assay
