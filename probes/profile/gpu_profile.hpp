#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/enum_table.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// dedicated: memory of its own. shared: it uses the system's memory only. unified: a carve-out of
/// the system's memory and more of it on demand; never to be added to the system's memory.
enum class DeviceMemoryKind { dedicated, shared, unified };

inline constexpr EnumTable<DeviceMemoryKind, 3> k_device_memory_kind_names{{{
    {DeviceMemoryKind::dedicated, "dedicated"},
    {DeviceMemoryKind::shared, "shared"},
    {DeviceMemoryKind::unified, "unified"},
}}};

/// The name of an adapter that drives a screen and computes nothing (server consoles, emulators').
inline constexpr std::string_view k_display_adapter_name = "display adapter, no compute";

struct GpuProfile {
  std::string pci_address;  // "0000:01:00.0"
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
  std::string vendor;
  Fact<std::string> name;
  Fact<std::string> driver;
  Fact<Bytes> memory;  // memory of its own; of an integrated part the carve-out (see memory_kind)
  Fact<Bytes> shared_memory;  // system memory that the driver lends it at most; never to be added
  Fact<DeviceMemoryKind> memory_kind;
  Fact<std::uint32_t> compute_units;
};

}  // namespace assay
