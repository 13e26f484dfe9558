#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  bool software = false;  // a program on the processor that answers as a GPU does (llvmpipe, pocl)
  Fact<std::string> name;
  Fact<std::string> device_class;  // as PCI tells: "VGA controller"
  Fact<std::string> driver;
  Fact<std::string> driver_version;
  Fact<std::string> architecture;  // "gfx90a", "compute capability 9.0"

  Fact<Bytes> memory;  // memory of its own; of an integrated part the carve-out (see memory_kind)
  Fact<Bytes> shared_memory;  // system memory that the driver lends it at most; never to be added
  Fact<DeviceMemoryKind> memory_kind;
  Fact<Bytes> memory_used;
  Fact<Bytes> memory_free;
  /// What a model may use of it. Of a shared or unified part this is, beyond the carve-out, the
  /// same memory as the system's: never to be added to it.
  Fact<Bytes> usable_memory;
  Fact<std::uint32_t> memory_bus_bits;
  Fact<double> memory_clock_hertz;
  Fact<double> theoretical_bandwidth_bytes_per_second;  // its source names the clock's convention

  Fact<std::uint32_t> compute_units;  // AMD's compute units, others' nearest equivalent
  Fact<std::uint32_t> cores;          // scalar lanes, where a vendor counts them
  Fact<double> max_clock_hertz;
  Fact<bool> fp16;
  Fact<bool> bfloat16;
  Fact<bool> int8_dot_product;
  Fact<std::vector<std::string>> cooperative_matrix;  // "16x16x16 float16 float32"
  Fact<std::uint32_t> min_subgroup_size;
  Fact<std::uint32_t> max_subgroup_size;
  Fact<Bytes> max_buffer;  // the largest single buffer that a program may bind

  Fact<std::string> vulkan_version;
  Fact<std::string> opencl_version;
  Fact<std::string> level_zero_version;
  Fact<std::string> cuda_version;

  Fact<double> pcie_transfers_per_second;  // now: an idle link may be slow
  Fact<std::uint32_t> pcie_width;
  Fact<double> max_pcie_transfers_per_second;
  Fact<std::uint32_t> max_pcie_width;
  Fact<double> power_limit_watts;
  Fact<std::string> partition_mode;  // MIG, or AMD's compute partition
  Fact<std::uint32_t> partitions;    // parts that programs see as devices of their own
};

/// How many of them are hardware.
inline std::uint32_t hardware_gpus(const std::vector<GpuProfile>& gpus) {
  std::uint32_t count = 0;
  for (const GpuProfile& gpu : gpus) count += gpu.software ? 0 : 1;
  return count;
}

/// Calls `visit(JSON name, fact, the other's same fact)` for each fact but the memory kind: the one
/// list of them, for writing, reading and merging.
template <typename Gpu, typename Other, typename Visit>
void for_each_gpu_fact(Gpu& gpu, Other& other, Visit visit) {
  visit("name", gpu.name, other.name);
  visit("class", gpu.device_class, other.device_class);
  visit("driver", gpu.driver, other.driver);
  visit("driver_version", gpu.driver_version, other.driver_version);
  visit("architecture", gpu.architecture, other.architecture);
  visit("memory_bytes", gpu.memory, other.memory);
  visit("shared_memory_bytes", gpu.shared_memory, other.shared_memory);
  visit("memory_used_bytes", gpu.memory_used, other.memory_used);
  visit("memory_free_bytes", gpu.memory_free, other.memory_free);
  visit("usable_memory_bytes", gpu.usable_memory, other.usable_memory);
  visit("memory_bus_bits", gpu.memory_bus_bits, other.memory_bus_bits);
  visit("memory_clock_hertz", gpu.memory_clock_hertz, other.memory_clock_hertz);
  visit("theoretical_bandwidth_bytes_per_second", gpu.theoretical_bandwidth_bytes_per_second,
        other.theoretical_bandwidth_bytes_per_second);
  visit("compute_units", gpu.compute_units, other.compute_units);
  visit("cores", gpu.cores, other.cores);
  visit("max_clock_hertz", gpu.max_clock_hertz, other.max_clock_hertz);
  visit("fp16", gpu.fp16, other.fp16);
  visit("bfloat16", gpu.bfloat16, other.bfloat16);
  visit("int8_dot_product", gpu.int8_dot_product, other.int8_dot_product);
  visit("cooperative_matrix", gpu.cooperative_matrix, other.cooperative_matrix);
  visit("min_subgroup_size", gpu.min_subgroup_size, other.min_subgroup_size);
  visit("max_subgroup_size", gpu.max_subgroup_size, other.max_subgroup_size);
  visit("max_buffer_bytes", gpu.max_buffer, other.max_buffer);
  visit("vulkan_version", gpu.vulkan_version, other.vulkan_version);
  visit("opencl_version", gpu.opencl_version, other.opencl_version);
  visit("level_zero_version", gpu.level_zero_version, other.level_zero_version);
  visit("cuda_version", gpu.cuda_version, other.cuda_version);
  visit("pcie_transfers_per_second", gpu.pcie_transfers_per_second,
        other.pcie_transfers_per_second);
  visit("pcie_width", gpu.pcie_width, other.pcie_width);
  visit("max_pcie_transfers_per_second", gpu.max_pcie_transfers_per_second,
        other.max_pcie_transfers_per_second);
  visit("max_pcie_width", gpu.max_pcie_width, other.max_pcie_width);
  visit("power_limit_watts", gpu.power_limit_watts, other.power_limit_watts);
  visit("partition_mode", gpu.partition_mode, other.partition_mode);
  visit("partitions", gpu.partitions, other.partitions);
}

}  // namespace assay
