// Layouts: Linux's include/uapi/drm/i915_drm.h, xe_drm.h and amdgpu_drm.h, which never change what
// was published. Debian 12 has no xe_drm.h, so that offsets are named here.
#include "probes/gpu/drm_regions.hpp"

#include <fmt/format.h>

#include <cstring>

namespace assay {
namespace {

using Kind = Fact<DeviceMemoryKind>;

constexpr std::uint16_t k_device_class =
    1;  // I915_MEMORY_CLASS_DEVICE, DRM_XE_MEM_REGION_CLASS_VRAM
constexpr std::size_t k_region_bytes = 88;  // of both drivers' regions

template <typename T>
T at(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

struct Regions {
  std::size_t header;  // bytes before the first region; its first field is their number
  std::size_t total;   // offset of the size in a region
  std::string name;
};

/// The device's own memory, summed over its tiles; none at all on an integrated part.
Result<void> read_regions(std::span<const std::byte> answer, const Regions& layout,
                          GpuProfile& gpu) {
  if (answer.size() < layout.header) return fail(ErrorCode::unknown, "the answer is cut short");
  const auto count = at<std::uint32_t>(answer, 0);
  if (count == 0 || count > (answer.size() - layout.header) / k_region_bytes) {
    return fail(ErrorCode::unknown, fmt::format("it tells of {} memory regions", count));
  }
  std::uint64_t own = 0;
  for (std::uint32_t index = 0; index < count; ++index) {
    const auto region = answer.subspan(layout.header + index * k_region_bytes, k_region_bytes);
    const auto bytes = at<std::uint64_t>(region, layout.total);
    if (at<std::uint16_t>(region, 0) != k_device_class) continue;
    own = bytes > UINT64_MAX - own ? UINT64_MAX : own + bytes;
  }
  if (own == 0) {
    gpu.memory = Fact<Bytes>::absent(layout.name + ": system memory only");
    gpu.memory_kind = Kind::known(DeviceMemoryKind::shared, layout.name);
  } else {
    gpu.memory = Fact<Bytes>::known(Bytes(own), layout.name);
    gpu.memory_kind = Kind::known(DeviceMemoryKind::dedicated, layout.name);
  }
  return {};
}

/// Transfers a clock of amdgpu's max_memory_clock, by AMDGPU_VRAM_TYPE_*; 0 when not known. GDDR6's
/// is a sixteenth of the data rate, GDDR5's a quarter.
double transfers_per_clock(std::uint32_t memory_type) {
  switch (memory_type) {
    case 5:  // GDDR5
      return 4;
    case 6:  // HBM
      return 2;
    case 9:  // GDDR6
      return 16;
    default:
      return 0;
  }
}

}  // namespace

Result<void> read_i915_regions(std::span<const std::byte> answer, GpuProfile& gpu) {
  // num_regions, rsvd[3]; region: class, instance, rsvd0, probed_size, unallocated_size, 8
  // reserved.
  return read_regions(answer, {16, 8, "DRM_I915_QUERY_MEMORY_REGIONS"}, gpu);
}

Result<void> read_xe_regions(std::span<const std::byte> answer, GpuProfile& gpu) {
  // num_mem_regions, pad; region: class, instance, min_page_size, total_size, used,
  // cpu_visible_size, cpu_visible_used, 6 reserved.
  return read_regions(answer, {8, 8, "DRM_XE_DEVICE_QUERY_MEM_REGIONS"}, gpu);
}

Result<void> read_amdgpu_device(std::span<const std::byte> answer, GpuProfile& gpu) {
  constexpr std::size_t k_engine_clock = 32;  // kHz, as the next
  constexpr std::size_t k_memory_clock = 40;
  constexpr std::size_t k_units = 48;
  constexpr std::size_t k_flags = 136;
  constexpr std::size_t k_memory_type = 176;
  constexpr std::size_t k_bus_bits = 180;
  constexpr std::uint64_t k_fusion = 1;  // AMDGPU_IDS_FLAGS_FUSION: part of a processor
  const std::string source = "AMDGPU_INFO_DEV_INFO";
  if (answer.size() < k_bus_bits + 4) return fail(ErrorCode::unknown, "the answer is cut short");
  const bool fused = (at<std::uint64_t>(answer, k_flags) & k_fusion) != 0;
  gpu.memory_kind =
      Kind::known(fused ? DeviceMemoryKind::unified : DeviceMemoryKind::dedicated, source);
  const auto units = at<std::uint32_t>(answer, k_units);
  const double engine = static_cast<double>(at<std::uint64_t>(answer, k_engine_clock)) * 1e3;
  const double memory = static_cast<double>(at<std::uint64_t>(answer, k_memory_clock)) * 1e3;
  const auto bits = at<std::uint32_t>(answer, k_bus_bits);
  const double transfers = transfers_per_clock(at<std::uint32_t>(answer, k_memory_type));
  if (units > 0) gpu.compute_units = Fact<std::uint32_t>::known(units, source);
  if (engine > 0) gpu.max_clock_hertz = Fact<double>::known(engine, source);
  if (memory > 0) gpu.memory_clock_hertz = Fact<double>::known(memory, source);
  if (bits > 0) gpu.memory_bus_bits = Fact<std::uint32_t>::known(bits, source);
  if (memory > 0 && bits > 0 && transfers > 0) {
    gpu.theoretical_bandwidth_bytes_per_second =
        Fact<double>::known(memory * transfers * bits / 8.0,
                            fmt::format("{}: memory clock x {} x bus width", source, transfers));
  }
  return {};
}

}  // namespace assay
