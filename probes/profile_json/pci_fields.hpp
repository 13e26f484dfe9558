#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/number.hpp"

namespace assay {

inline std::string pci_id_text(std::uint16_t id) { return fmt::format("0x{:04x}", id); }

/// A PCI id as "0x10de"; 0 when the document lacks it.
inline Result<std::uint16_t> read_pci_id(const JsonFields& fields, std::string_view key) {
  const auto text = fields.optional_text(key);
  if (!text) return pass_on(text);
  if (!*text) return std::uint16_t{0};
  const auto id = parse_hexadecimal<std::uint16_t>(**text);
  if (!id) return fields.refuse(key, "not a PCI id (expected a text as \"0x10de\")");
  return *id;
}

template <typename Device>
Result<void> read_pci_fields(const JsonFields& fields, Device& device) {
  auto address = fields.optional_text("pci_address");
  if (!address) return pass_on(address);
  device.pci_address = address->value_or("");
  const auto vendor_id = read_pci_id(fields, "vendor_id");
  if (!vendor_id) return pass_on(vendor_id);
  device.vendor_id = *vendor_id;
  const auto device_id = read_pci_id(fields, "device_id");
  if (!device_id) return pass_on(device_id);
  device.device_id = *device_id;
  return {};
}

}  // namespace assay
