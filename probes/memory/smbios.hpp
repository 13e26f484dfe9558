#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fact.hpp"

namespace assay {

/// A populated memory device of the firmware's table (SMBIOS type 17).
struct MemoryModule {
  std::string locator;  // "Controller0-ChannelA-DIMM0"
  std::string bank;     // "P0 CHANNEL A"
  std::uint64_t bytes = 0;
  std::uint32_t data_bits = 0;
  std::uint32_t megatransfers_per_second = 0;  // as configured; 0 when the firmware does not say
};

/// The populated memory devices of a structure table (/sys/firmware/dmi/tables/DMI). Stops at the
/// first structure that cannot be right; never fails.
/// Source: DMTF DSP0134, sections 6.1 and 7.18.
std::vector<MemoryModule> read_memory_modules(std::string_view table);

/// Peak rate by the modules: the sum over channels of data width times configured rate. Modules
/// share a channel when their names say so; several modules without named channels are unknown, for
/// two of them may or may not double the rate.
/// Units: bytes per second.
Fact<double> modules_bandwidth(const std::vector<MemoryModule>& modules);

}  // namespace assay
