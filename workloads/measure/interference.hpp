#pragma once

#include <cstdint>
#include <optional>

#include "base/host_view.hpp"
#include "base/units.hpp"

namespace assay {

/// What the machine had counted at one moment. A part that the system does not tell is absent.
struct SystemCounters {
  std::optional<double> total_seconds;  // of all CPUs, idle included
  std::optional<double> busy_seconds;
  std::optional<double> steal_seconds;
  double own_cpu_seconds = 0.0;
  std::uint64_t own_major_faults = 0;
};

/// Reads /proc/stat and the counters of this process.
SystemCounters read_system_counters(const HostView& host);

/// What disturbed a measurement.
struct Interference {
  std::optional<double> steal_ratio;       // of all CPU time, taken by the hypervisor
  std::optional<double> neighbours_ratio;  // of all CPU time, used by other processes
  std::uint64_t major_faults = 0;          // of this process
  bool on_battery = false;
};

/// What happened between two moments.
Interference interference_between(const SystemCounters& before, const SystemCounters& after);

/// True when a mains supply is listed and none delivers.
bool runs_on_battery(const HostView& host);

/// All last-level caches of the machine together; 0 when the system does not tell.
Bytes last_level_cache(const HostView& host);

/// The highest resident set of this process so far (VmHWM); absent when the system does not tell.
std::optional<Bytes> peak_resident(const HostView& host);

}  // namespace assay
