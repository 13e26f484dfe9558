#pragma once

#include <string>
#include <vector>

#include "base/host_view.hpp"

namespace assay {

/// CPUs that belong together, one of each core that this process may use.
struct CpuGroup {
  std::string name;  // "performance", "node 0"
  std::vector<unsigned> cpus;
};

/// The cores of each kind; empty when there is one kind only, or nothing tells kinds apart.
std::vector<CpuGroup> cores_by_kind(const HostView& host);
/// The cores near each memory node; empty when there is one node only. Nodes without cores (memory
/// on an expansion card) are left out.
std::vector<CpuGroup> cores_by_node(const HostView& host);

}  // namespace assay
