#pragma once

#include <optional>
#include <string>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Describes the drive under the block device whose folder in /sys is `folder`: follows partitions,
/// encryption, volumes and arrays down to it. Never reads a serial number.
void describe_block_device(const HostView& host, const std::string& folder,
                           StorageProfile& storage);

/// Bytes per second of a PCI Express link after line coding; nothing for a speed that no generation
/// has. Source: PCI Express base specification 6.0, sections 1.2 and 4.2.
std::optional<double> pcie_bandwidth(double gigatransfers_per_second, unsigned lanes);

}  // namespace assay
