#pragma once

#include <cstdint>
#include <string>

#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

struct NpuProfile {
  std::string pci_address;  // empty of a part of a chip without PCI
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
  std::string name;
  Fact<std::string> driver;
  Fact<std::string> device_node;  // "/dev/accel/accel0"
  Fact<bool> accessible;          // this user may open the device node; of the live machine only
  Fact<std::string> runtime;      // user-space software that can drive it: "XRT"
  /// Driver, node and runtime are all there; otherwise the source says what lacks.
  Fact<bool> usable;
  /// Published peak, in 1e12 operations per second: one number when both ends are equal.
  Fact<double> tops_low, tops_high;
  /// What its driver says: firmware, the board's name (amdxdna), the highest clock and the memory
  /// that is lent to it now (intel_vpu).
  Fact<std::string> firmware_version;
  Fact<std::string> board_name;
  Fact<double> max_frequency_hertz;
  Fact<Bytes> memory_used;
};

}  // namespace assay
