#include "probes/gpu/kfd_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_nodes = "/sys/class/kfd/kfd/topology/nodes";
constexpr std::uint64_t k_most_memory = std::uint64_t{1} << 44U;  // of one node: 16 TiB
constexpr std::uint64_t k_most_units = 0xFFFF;
// Heap types of memory banks: 1 video memory that the processor sees, 2 that it does not. Source:
// Linux, drivers/gpu/drm/amd/amdkfd/kfd_crat.h (HSA_MEM_HEAP_TYPE_FB_PUBLIC, _FB_PRIVATE).
constexpr std::uint64_t k_public_video_memory = 1;
constexpr std::uint64_t k_private_video_memory = 2;
// Nothing but stacked memory has so wide a bus; it transfers twice a clock.
constexpr std::uint64_t k_stacked_bus_bits = 1024;

using Properties = std::map<std::string, std::uint64_t>;

/// Lines "KEY VALUE".
Properties read_properties(const HostView& host, const std::string& path) {
  Properties properties;
  const auto text = host.read_text(path, 65536);
  if (!text) return properties;
  for (const std::string_view line : split(*text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const auto value = parse_number<std::uint64_t>(trim(line.substr(space + 1)));
    if (value) properties[std::string(line.substr(0, space))] = *value;
  }
  return properties;
}

std::uint64_t value_of(const Properties& properties, const std::string& key) {
  const auto found = properties.find(key);
  return found == properties.end() ? 0 : found->second;
}

/// location_id is bus << 8 | device << 3 | function.
std::string address_of(const Properties& properties) {
  const std::uint64_t location = value_of(properties, "location_id");
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", value_of(properties, "domain"),
                     (location >> 8U) & 0xFFU, (location >> 3U) & 0x1FU, location & 7U);
}

/// 90010 is gfx90a, 110003 is gfx1103: major, minor and stepping, the last two in hexadecimal.
std::optional<std::string> architecture_name(std::uint64_t version) {
  if (version == 0 || version > 999'999) return std::nullopt;
  return fmt::format("gfx{}{:x}{:x}", version / 10'000, version / 100 % 100, version % 100);
}

struct Banks {
  std::uint64_t bytes = 0;
  std::uint64_t bus_bits = 0;
  std::uint64_t clock_megahertz = 0;
};

Banks read_banks(const HostView& host, const std::string& node) {
  Banks banks;
  const std::string folder = node + "/mem_banks";
  for (const std::string& bank : host.list(folder)) {
    const Properties properties =
        read_properties(host, fmt::format("{}/{}/properties", folder, bank));
    const std::uint64_t heap = value_of(properties, "heap_type");
    const std::uint64_t bytes = value_of(properties, "size_in_bytes");
    if (heap != k_public_video_memory && heap != k_private_video_memory) continue;
    if (bytes > k_most_memory - banks.bytes) continue;
    banks.bytes += bytes;
    // Two banks of one node are two views of the same chips.
    banks.bus_bits = std::max(banks.bus_bits, value_of(properties, "width"));
    banks.clock_megahertz = std::max(banks.clock_megahertz, value_of(properties, "mem_clk_max"));
  }
  return banks;
}

void describe_memory(const Banks& banks, KfdGpu& gpu) {
  const std::string source = "KFD memory banks";
  if (banks.bytes > 0) gpu.memory = Fact<Bytes>::known(Bytes(banks.bytes), source);
  const bool plausible = banks.bus_bits > 0 && banks.bus_bits <= 65536 &&
                         banks.clock_megahertz > 0 && banks.clock_megahertz < 100'000;
  if (!plausible) return;
  const double hertz = static_cast<double>(banks.clock_megahertz) * 1e6;
  gpu.memory_bus_bits =
      Fact<std::uint32_t>::known(static_cast<std::uint32_t>(banks.bus_bits), source);
  gpu.memory_clock_hertz = Fact<double>::known(hertz, source);
  gpu.theoretical_bandwidth_bytes_per_second =
      banks.bus_bits >= k_stacked_bus_bits
          ? Fact<double>::known(static_cast<double>(banks.bus_bits) / 8.0 * hertz * 2.0,
                                "KFD memory banks: width x clock x 2 (HBM)")
          : Fact<double>::unknown(
                "KFD tells a width and a clock, but not how often a clock transfers");
}

}  // namespace

std::optional<KfdGpu> kfd_gpu(const HostView& host, const std::string& address) {
  KfdGpu gpu;
  Banks all;
  std::uint64_t units = 0;
  for (const std::string& node : host.list(k_nodes)) {
    const std::string folder = fmt::format("{}/{}", k_nodes, node);
    const Properties properties = read_properties(host, folder + "/properties");
    const std::uint64_t simds = value_of(properties, "simd_count");
    if (simds == 0 || address_of(properties) != address) continue;
    ++gpu.nodes;
    const std::uint64_t simds_per_unit = value_of(properties, "simd_per_cu");
    if (simds_per_unit > 0) units += std::min(simds / simds_per_unit, k_most_units);
    gpu.in_processor = gpu.in_processor || value_of(properties, "cpu_cores_count") > 0;
    if (const auto name = architecture_name(value_of(properties, "gfx_target_version"))) {
      gpu.architecture = Fact<std::string>::known(*name, "KFD gfx_target_version");
    }
    const std::uint64_t clock = value_of(properties, "max_engine_clk_fcompute");
    if (clock > 0 && clock < 100'000) {
      gpu.max_clock_hertz =
          Fact<double>::known(static_cast<double>(clock) * 1e6, "KFD max_engine_clk_fcompute");
    }
    const Banks banks = read_banks(host, folder);
    all.bytes = std::min(all.bytes + banks.bytes, k_most_memory);
    all.bus_bits = std::max(all.bus_bits, banks.bus_bits);
    all.clock_megahertz = std::max(all.clock_megahertz, banks.clock_megahertz);
  }
  if (gpu.nodes == 0) return std::nullopt;
  gpu.compute_units = static_cast<std::uint32_t>(std::min(units, k_most_units));
  describe_memory(all, gpu);
  return gpu;
}

}  // namespace assay
