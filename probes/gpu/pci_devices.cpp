#include "probes/gpu/pci_devices.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_bus = "/sys/bus/pci/devices";

/// "0x10de"
std::optional<std::uint32_t> read_hexadecimal(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 64);
  if (!text) return std::nullopt;
  return parse_hexadecimal<std::uint32_t>(trim(*text));
}

}  // namespace

std::optional<PciDevice> read_pci_device(const HostView& host, const std::string& address,
                                         const std::string& folder) {
  const auto vendor = read_hexadecimal(host, folder + "/vendor");
  const auto device = read_hexadecimal(host, folder + "/device");
  const auto device_class = read_hexadecimal(host, folder + "/class");
  // Recordings exist that keep the class alone.
  if (!device_class && !(vendor && device)) return std::nullopt;
  if (vendor.value_or(0) > 0xFFFF || device.value_or(0) > 0xFFFF) return std::nullopt;
  PciDevice found;
  found.address = printable(address, 40);
  found.folder = folder;
  found.vendor_id = static_cast<std::uint16_t>(vendor.value_or(0));
  found.device_id = static_cast<std::uint16_t>(device.value_or(0));
  found.revision =
      static_cast<std::uint8_t>(read_hexadecimal(host, folder + "/revision").value_or(0) & 0xFFU);
  found.device_class = device_class.value_or(0);
  return found;
}

std::optional<std::vector<PciDevice>> list_pci_devices(const HostView& host) {
  if (!host.exists(k_bus)) return std::nullopt;
  std::vector<PciDevice> devices;
  for (const std::string& address : host.list(k_bus)) {
    auto device = read_pci_device(host, address, fmt::format("{}/{}", k_bus, address));
    if (device) devices.push_back(std::move(*device));
  }
  return devices;
}

std::optional<std::string> pci_ids_name(const HostView& host, std::uint16_t vendor_id,
                                        std::uint16_t device_id) {
  constexpr std::size_t k_largest_list = std::size_t{8} << 20U;
  // Format: "VVVV  Vendor", then its devices as "<tab>DDDD  Device".
  const std::string vendor = fmt::format("{:04x}  ", vendor_id);
  const std::string device = fmt::format("\t{:04x}  ", device_id);
  for (const char* path : {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"}) {
    const auto text = host.read_text(path, k_largest_list);
    if (!text) continue;
    bool in_vendor = false;
    for (const std::string_view line : split(*text, '\n')) {
      if (!line.empty() && line[0] != '\t' && line[0] != '#') in_vendor = line.starts_with(vendor);
      if (in_vendor && line.starts_with(device)) {
        return printable(trim(line.substr(device.size())), 120);
      }
    }
  }
  return std::nullopt;
}

}  // namespace assay
