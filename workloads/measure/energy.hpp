#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/fact.hpp"
#include "base/host_view.hpp"

namespace assay {

/// What the energy counters of the processor's packages stand at (RAPL). Source: Linux
/// Documentation/power/powercap/powercap.rst.
struct EnergyReading {
  struct Counter {
    double joules = 0.0;
    double range_joules = 0.0;  // where it starts again at 0
  };
  std::map<std::string, Counter> packages;  // by the zone's folder
  std::string reason;                       // why there are none
};

/// What is counted, in words.
inline constexpr const char* k_energy_method = "RAPL: the processor's packages, idle draw included";

/// Reads /sys/class/powercap. Most systems let only root read the counters.
EnergyReading read_energy(const HostView& host);

/// Joules of all packages between two readings less than one range apart, idle draw included;
/// memory, graphics beside the processor and screen are not. Unknown, with the reason, where a
/// counter was not read both times.
Fact<double> energy_between(const EnergyReading& before, const EnergyReading& after);

/// An argument wherever energy is taken, so that tests can turn the hands. Empty: it is not.
using EnergyMeter = std::function<EnergyReading()>;

/// Of this machine; empty where no counter can be read, since asking takes time.
EnergyMeter live_energy_meter();

}  // namespace assay
