#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/host_view.hpp"

namespace assay {

/// One function on a PCI bus, as /sys shows it.
struct PciDevice {
  std::string address;          // "0000:03:00.0"
  std::string folder;           // "/sys/bus/pci/devices/0000:03:00.0"
  std::uint16_t vendor_id = 0;  // 0 when the recording lacks it
  std::uint16_t device_id = 0;
  std::uint8_t revision = 0;
  std::uint32_t device_class = 0;  // 0x030000: base class, sub-class, interface
};

/// All PCI functions, ordered by address; nothing when the tree has no /sys/bus/pci. Devices whose
/// files are not readable numbers are left out.
std::optional<std::vector<PciDevice>> list_pci_devices(const HostView& host);

/// The PCI function in a device folder of /sys; nothing when the folder is not one's.
std::optional<PciDevice> read_pci_device(const HostView& host, const std::string& address,
                                         const std::string& folder);

/// The name that the machine's own pci.ids gives a device; nothing when it has none.
std::optional<std::string> pci_ids_name(const HostView& host, std::uint16_t vendor_id,
                                        std::uint16_t device_id);

}  // namespace assay
