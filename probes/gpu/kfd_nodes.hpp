#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fact.hpp"
#include "base/host_view.hpp"
#include "base/units.hpp"

namespace assay {

/// A GPU as AMD's compute driver (KFD) shows it: one PCI function, one node for each partition of
/// it.
struct KfdGpu {
  std::uint32_t nodes = 0;
  std::uint32_t compute_units = 0;  // of all nodes
  bool in_processor = false;        // a node that has processor cores too
  Fact<std::string> architecture;   // "gfx90a"
  Fact<Bytes> memory;               // banks of video memory, of all nodes
  Fact<std::uint32_t> memory_bus_bits;
  Fact<double> memory_clock_hertz;
  Fact<double> max_clock_hertz;
  /// Of stacked memory (HBM) only: the clock of the others is not told in one convention.
  Fact<double> theoretical_bandwidth_bytes_per_second;
};

/// The GPU at a PCI address; nothing when the driver does not list it.
std::optional<KfdGpu> kfd_gpu(const HostView& host, const std::string& address);

}  // namespace assay
