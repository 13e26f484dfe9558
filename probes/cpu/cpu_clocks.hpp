#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/host_view.hpp"

namespace assay {

/// What one logical CPU may run at: the highest rate with boost, and the guaranteed one.
struct CpuClock {
  std::optional<double> max_hertz;
  std::optional<double> base_hertz;
};

struct CpuClocks {
  std::map<unsigned, CpuClock> of;  // by logical CPU
  std::string max_source;           // empty when no CPU's is known
  std::string base_source;
};

/// By the frequency driver (cpuinfo_max_freq, base_frequency), by ACPI's nominal frequency, by
/// CPUID leaf 0x16.
CpuClocks read_clocks(const HostView& host);

}  // namespace assay
