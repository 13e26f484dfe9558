#pragma once

#include <optional>
#include <string>

#include "advisor/calibration.hpp"
#include "base/fact.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// A processor or GPU that was named instead of a recorded machine: what it would be as a machine.
struct NamedMachine {
  MachineProfile profile;   // name and memory; the rest is unknown
  Fact<Bytes> available;    // of the memory: what the system leaves of it, or a card's driver
  Calibration calibration;  // by its published bandwidth
  std::string device;       // "cpu", or the GPU's name
};

/// "16 GB", "1.5 GB": binary gigabytes, as memory is sold.
std::string sold_gigabytes(Bytes memory);

/// "RTX 4060", "Ryzen 7 7840HS", or both: "Ryzen 7 7840HS + RTX 4060" is a processor's machine that
/// has the GPU. `memory` is what the machine is to have; a GPU that is sold with one size and named
/// alone needs none, and beside a processor the size stands behind its name: "RX 580 8GB". Errors:
/// usage for an unknown name (the nearest ones are suggested) and for a missing memory; unknown
/// where no source tells the bandwidth.
Result<NamedMachine> named_machine(const std::string& name, const std::optional<Bytes>& memory);

}  // namespace assay
