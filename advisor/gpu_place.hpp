#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/hardware.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// A GPU that a machine has, as models are judged on it: by what is published of it, or what its
/// driver describes.
struct GpuPlace {
  std::string name;    // of the table where it is known, else the driver's
  std::string source;  // of the bandwidth
  bool shared_with_cpu = false;
  bool bandwidth_is_known = true;  // else that of the fastest memory that it is sold with is taken
  Fact<Bytes> memory;              // that a model may use
  std::optional<Calibration> calibration;  // only where `memory` is known, too
  std::string why_unknown;                 // where there is none
};

/// Each GPU of the machine, software and display adapters apart. `available` is what the machine's
/// own verdicts rest on.
std::vector<GpuPlace> gpu_places(const MachineProfile& machine, const Fact<Bytes>& available,
                                 const HardwareTable& table);

}  // namespace assay
