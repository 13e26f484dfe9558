#pragma once

#include "base/host_view.hpp"
#include "base/result.hpp"
#include "probes/topology/topology.hpp"

namespace assay {

/// Topology by hwloc, of the live machine, of a recorded tree, or of a recording that has no /sys
/// but an hwloc.xml (`lstopo hwloc.xml`); including CPUs that a cpuset disallows. Runs in a child
/// process with a time limit: hwloc takes its root from environment variables, and can hang on odd
/// trees. Errors: unknown.
Result<Topology> load_hwloc_topology(const HostView& host);

}  // namespace assay
