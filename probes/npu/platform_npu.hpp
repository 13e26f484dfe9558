#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/host_view.hpp"
#include "probes/npu/npu_table.hpp"

namespace assay {

/// A neural processor that is part of a chip without PCI; the device tree names it.
struct PlatformNpuPart {
  std::string_view compatible;  // of the device, or of the whole machine when `node` is given
  std::string_view node;        // of /sys/class/misc: there when the processor can be reached
  std::string_view accel_name;  // what its entry of /sys/class/accel is called
  NpuFamily family;
  std::string_view name;
  double tops;  // 0: not published
  std::string_view source;
};

struct PlatformNpu {
  const PlatformNpuPart* part;
  std::string folder;  // of the device in /sys
};

/// The neural processors that the device tree names, each once however many cores it has.
std::vector<PlatformNpu> list_platform_npus(const HostView& host);

/// Whether an entry of /sys/class/accel, its device in `folder`, belongs to a part.
bool is_node_of(const HostView& host, const std::string& folder, const PlatformNpuPart& part);

}  // namespace assay
