#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/probes/machine_tree.hpp"

namespace assay {

/// One function on the PCI bus, with its driver.
inline void add_pci(MachineTree& tree, const std::string& address, std::string_view device_class,
                    std::string_view vendor, std::string_view device, std::string_view driver) {
  const std::string folder = "/sys/bus/pci/devices/" + address;
  tree.file(folder + "/class", device_class)
      .file(folder + "/vendor", vendor)
      .file(folder + "/device", device);
  if (driver.empty()) return;
  tree.link(folder + "/driver", "../../../../bus/pci/drivers/" + std::string(driver));
}

/// Memory of the machine, in GiB.
inline void add_meminfo(MachineTree& tree, std::uint64_t total, std::uint64_t available) {
  tree.file("/proc/meminfo", "MemTotal:       " + std::to_string(total << 20U) +
                                 " kB\nMemFree:        1 kB\nMemAvailable:   " +
                                 std::to_string(available << 20U) + " kB\n");
}

}  // namespace assay
