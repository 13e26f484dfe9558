#pragma once

#include <string_view>
#include <vector>

#include "base/host_view.hpp"
#include "probes/profile/memory_profile.hpp"

namespace assay {

/// Fills modules, channels and theoretical bandwidth. The firmware's table needs root; without it
/// udev's database (which root wrote at start-up) and the error-correction driver tell less.
void describe_memory_modules(const HostView& host, MemoryProfile& memory);

/// MEMORY_DEVICE_* of udev's database: "E:MEMORY_DEVICE_0_SIZE=17179869184".
/// Source: systemd, src/udev/dmi_memory_id (version 248 on).
std::vector<MemoryModule> read_udev_modules(std::string_view text);

/// How many channels the modules populate. Modules share a channel when their names say so; narrow
/// low-power devices are a channel each; several unnamed modules of full width are unknown, for two
/// of them may or may not double the rate.
Fact<std::uint32_t> count_channels(const std::vector<MemoryModule>& modules);

/// Peak rate: the sum over channels of data width times configured rate (the rated one where no
/// other is told).
/// Units: bytes per second.
Fact<double> modules_bandwidth(const std::vector<MemoryModule>& modules);

}  // namespace assay
