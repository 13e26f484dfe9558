#include "probes/gpu/kfd_nodes.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

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

}  // namespace

std::optional<std::uint32_t> kfd_compute_units(const HostView& host, const std::string& address) {
  const std::string nodes = "/sys/class/kfd/kfd/topology/nodes";
  std::uint64_t units = 0;
  for (const std::string& node : host.list(nodes)) {
    const Properties properties =
        read_properties(host, fmt::format("{}/{}/properties", nodes, node));
    const std::uint64_t simds = value_of(properties, "simd_count");
    const std::uint64_t simds_per_unit = value_of(properties, "simd_per_cu");
    if (simds == 0 || simds_per_unit == 0 || address_of(properties) != address) continue;
    units += simds / simds_per_unit;
  }
  if (units == 0 || units > 0xFFFFU) return std::nullopt;
  return static_cast<std::uint32_t>(units);
}

}  // namespace assay
