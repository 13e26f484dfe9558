// What amdgpu and KFD show of an AMD GPU.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/gpu/driver_files.hpp"
#include "probes/gpu/kfd_nodes.hpp"

namespace assay {
namespace {

using Kind = Fact<DeviceMemoryKind>;

// AMD's integrated parts. Source: the device ids of Linux's amdgpu driver for these chips.
constexpr std::array<std::uint16_t, 22> k_amd_integrated{
    0x15dd, 0x15d8,                  // Raven, Picasso
    0x1636, 0x1638, 0x164c,          // Renoir, Cezanne, Lucienne
    0x163f, 0x1435,                  // Van Gogh
    0x164d, 0x1681, 0x164e, 0x1506,  // Rembrandt, Raphael, Mendocino
    0x15bf, 0x15c8, 0x1900, 0x1901,  // Phoenix, Hawk Point
    0x150e, 0x1586, 0x1114, 0x13c0,  // Strix Point, Strix Halo, Krackan, Granite Ridge
    0x9874, 0x98e4, 0x130f,          // Carrizo, Stoney, Kaveri
};

/// Whether an AMD GPU is part of the processor: by device id; by the compute driver; by the marks
/// that only cards have; by the shape of its memory (a small carve-out, a large share of the
/// system's).
Kind amd_memory_kind(const HostView& host, const PciDevice& device,
                     const std::optional<KfdGpu>& compute, const GpuProfile& gpu) {
  if (std::find(k_amd_integrated.begin(), k_amd_integrated.end(), device.device_id) !=
      k_amd_integrated.end()) {
    return Kind::known(DeviceMemoryKind::unified, "device id of an integrated part");
  }
  if (compute && compute->in_processor) {
    return Kind::known(DeviceMemoryKind::unified, "KFD: one node with the processor's cores");
  }
  for (const char* mark : {"mem_info_vram_vendor", "board_info"}) {
    const std::string path = fmt::format("{}/{}", device.folder, mark);
    if (host.read_text(path, 4096)) return Kind::known(DeviceMemoryKind::dedicated, path);
  }
  if (!gpu.memory.is_known()) return Kind::unknown(gpu.memory.reason());
  const std::uint64_t own = gpu.memory.value().value;
  const std::uint64_t lent = gpu.shared_memory.value_or(Bytes(0)).value;
  if (own <= gibibytes(4).value && lent >= gibibytes(8).value && lent / 4 >= own) {
    return Kind::known(DeviceMemoryKind::unified,
                       "a small carve-out beside a large share of system memory");
  }
  return Kind::known(DeviceMemoryKind::dedicated, "not an integrated part's id or memory");
}

/// The highest of lines as "3: 945Mhz *".
Fact<double> highest_level(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  if (!text) return Fact<double>::unknown(text.error().reason);
  std::uint32_t highest = 0;
  for (const std::string_view line : split(*text, '\n')) {
    const std::size_t colon = line.find(':');
    const std::size_t unit = line.find("Mhz");
    if (colon == std::string_view::npos || unit == std::string_view::npos || unit < colon) continue;
    const auto level = parse_number<std::uint32_t>(trim(line.substr(colon + 1, unit - colon - 1)));
    if (level && *level < 100'000) highest = std::max(highest, *level);
  }
  if (highest == 0) return Fact<double>::unknown(path + " lists no frequency");
  return Fact<double>::known(static_cast<double>(highest) * 1e6, path);
}

Fact<double> power_limit(const HostView& host, const std::string& folder) {
  for (const std::string& sensor : host.list(folder + "/hwmon")) {
    const std::string path = fmt::format("{}/hwmon/{}/power1_cap", folder, sensor);
    const auto text = host.read_text(path, 64);
    if (!text) continue;
    const auto microwatts = parse_number<std::uint64_t>(trim(*text));
    if (microwatts && *microwatts > 0 && *microwatts < 100'000'000'000) {
      return Fact<double>::known(static_cast<double>(*microwatts) / 1e6, path);
    }
  }
  return Fact<double>::unknown("the driver shows no limit");
}

void describe_partition(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  const std::string path = device.folder + "/current_compute_partition";
  const auto mode = host.read_text(path, 64);
  gpu.partition_mode = mode && !trim(*mode).empty()
                           ? Fact<std::string>::known(printable(trim(*mode), 20), path)
                           : Fact<std::string>::absent("the driver shows no partitions");
}

template <typename T>
void take(Fact<T>& fact, const Fact<T>& other) {
  if (!fact.is_known() && other.is_known()) fact = other;
}

}  // namespace

void describe_amd(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  const auto compute = kfd_gpu(host, device.address);
  gpu.memory = read_byte_count(host, device.folder + "/mem_info_vram_total");
  gpu.shared_memory = read_byte_count(host, device.folder + "/mem_info_gtt_total");
  gpu.memory_used = read_byte_count(host, device.folder + "/mem_info_vram_used");
  gpu.max_clock_hertz = highest_level(host, device.folder + "/pp_dpm_sclk");
  gpu.memory_clock_hertz = highest_level(host, device.folder + "/pp_dpm_mclk");
  gpu.power_limit_watts = power_limit(host, device.folder);
  describe_partition(host, device, gpu);
  if (compute) {
    if (compute->compute_units > 0) {
      gpu.compute_units = Fact<std::uint32_t>::known(compute->compute_units, "KFD topology");
    }
    if (compute->nodes > 1) {
      gpu.partitions = Fact<std::uint32_t>::known(compute->nodes, "KFD topology");
    }
    take(gpu.architecture, compute->architecture);
    take(gpu.memory, compute->memory);
    take(gpu.memory_bus_bits, compute->memory_bus_bits);
    take(gpu.memory_clock_hertz, compute->memory_clock_hertz);
    take(gpu.max_clock_hertz, compute->max_clock_hertz);
    gpu.theoretical_bandwidth_bytes_per_second = compute->theoretical_bandwidth_bytes_per_second;
  }
  gpu.memory_kind = amd_memory_kind(host, device, compute, gpu);
  if (gpu.memory.is_known() && gpu.memory_used.is_known() &&
      gpu.memory_used.value() <= gpu.memory.value()) {
    gpu.memory_free = Fact<Bytes>::known(gpu.memory.value() - gpu.memory_used.value(),
                                         "mem_info_vram_total - mem_info_vram_used");
  }
}

}  // namespace assay
