#pragma once

#include <optional>
#include <string>

#include "advisor/calibration.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// A processor or GPU that was named instead of a recorded machine: what it would be as a machine.
struct NamedMachine {
  MachineProfile profile;   // name and memory; the rest is unknown
  Calibration calibration;  // by its published bandwidth
  std::string device;       // "cpu", or the GPU's name
};

/// `memory` is what the machine is to have; a GPU that is sold with one size needs none. Errors:
/// usage for an unknown name (the nearest ones are suggested) and for a missing memory; unknown
/// where no source tells the bandwidth.
Result<NamedMachine> named_machine(const std::string& name, const std::optional<Bytes>& memory);

}  // namespace assay
