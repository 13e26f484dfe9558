#pragma once

#include <cstdint>
#include <string>

#include "base/fact.hpp"

namespace assay {

struct NpuProfile {
  std::string pci_address;
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
  std::string name;
  Fact<std::string> driver;
  Fact<std::string> device_node;  // "/dev/accel/accel0"
  Fact<bool> accessible;          // this user may open the device node; of the live machine only
  /// Published peak, in 1e12 operations per second: one number when both ends are equal.
  Fact<double> tops_low, tops_high;
};

}  // namespace assay
