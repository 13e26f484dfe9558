#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/host_view.hpp"

namespace assay {

/// Compute units of the GPU at a PCI address by AMD's compute driver (KFD), summed over its
/// partitions; nothing when the driver does not list it.
std::optional<std::uint32_t> kfd_compute_units(const HostView& host, const std::string& address);

}  // namespace assay
