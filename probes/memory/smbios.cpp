#include "probes/memory/smbios.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::size_t k_header_size = 4;
constexpr std::uint8_t k_end_of_table = 127;
constexpr std::uint8_t k_memory_device = 17;

/// One structure: the formatted part, and the strings after it.
struct Structure {
  std::string_view formatted;
  std::string_view strings;  // each ends with a zero byte

  [[nodiscard]] std::uint32_t number(std::size_t offset, std::size_t bytes) const {
    std::uint32_t value = 0;
    if (offset + bytes > formatted.size()) return 0;
    for (std::size_t i = bytes; i-- > 0;) {
      value = (value << 8U) | static_cast<unsigned char>(formatted[offset + i]);
    }
    return value;
  }
  /// The string whose number (from 1) stands at `offset`.
  [[nodiscard]] std::string text(std::size_t offset) const {
    std::uint32_t index = number(offset, 1);
    if (index == 0) return {};
    std::string_view rest = strings;
    while (--index > 0) {
      const std::size_t end = rest.find('\0');
      if (end == std::string_view::npos) return {};
      rest.remove_prefix(end + 1);
    }
    return printable(trim(rest.substr(0, rest.find('\0'))), 100);
  }
};

/// Takes the first structure off the table; nothing at its end, or where it is broken.
std::optional<Structure> take_structure(std::string_view& table) {
  if (table.size() < k_header_size) return std::nullopt;
  const auto length = static_cast<unsigned char>(table[1]);
  if (length < k_header_size || length > table.size()) return std::nullopt;
  if (static_cast<unsigned char>(table[0]) == k_end_of_table) return std::nullopt;
  const std::size_t end = table.find(std::string_view("\0\0", 2), length);
  if (end == std::string_view::npos) return std::nullopt;
  const Structure structure{table.substr(0, length), table.substr(length, end - length + 1)};
  table.remove_prefix(end + 2);
  return structure;
}

/// 0x7FFF: the extended field counts MiB; bit 15: KiB; otherwise MiB. 0 for an empty slot, and for
/// a size that the firmware does not know.
Bytes device_bytes(const Structure& device) {
  const std::uint32_t size = device.number(0x0C, 2);
  if (size == 0 || size == 0xFFFF) return Bytes();
  if (size == 0x7FFF) return Bytes(std::uint64_t{device.number(0x1C, 4) & 0x7FFFFFFFU} << 20U);
  if ((size & 0x8000U) != 0) return Bytes(std::uint64_t{size & 0x7FFFU} << 10U);
  return Bytes(std::uint64_t{size} << 20U);
}

/// A rate in MT/s; 0xFFFF refers to the extended field, 0 is unknown.
std::optional<std::uint32_t> device_rate(const Structure& device, std::size_t offset,
                                         std::size_t extended) {
  std::uint32_t rate = device.number(offset, 2);
  if (rate == 0xFFFF) rate = device.number(extended, 4) & 0x7FFFFFFFU;
  return rate == 0 ? std::nullopt : std::optional(rate);
}

struct TypeName {
  std::uint8_t code;
  std::string_view name;
};

// Source: DSP0134, table 78 (memory device: type).
constexpr std::array k_types{
    TypeName{0x0F, "SDRAM"},        TypeName{0x12, "DDR"},    TypeName{0x13, "DDR2"},
    TypeName{0x14, "DDR2 FB-DIMM"}, TypeName{0x18, "DDR3"},   TypeName{0x19, "FBD2"},
    TypeName{0x1A, "DDR4"},         TypeName{0x1B, "LPDDR"},  TypeName{0x1C, "LPDDR2"},
    TypeName{0x1D, "LPDDR3"},       TypeName{0x1E, "LPDDR4"}, TypeName{0x1F, "non-volatile"},
    TypeName{0x20, "HBM"},          TypeName{0x21, "HBM2"},   TypeName{0x22, "DDR5"},
    TypeName{0x23, "LPDDR5"},       TypeName{0x24, "HBM3"},
};

std::optional<std::string> device_type(const Structure& device) {
  const std::uint32_t code = device.number(0x12, 1);
  for (const TypeName& row : k_types) {
    if (row.code == code) return std::string(row.name);
  }
  return std::nullopt;
}

std::optional<std::string> device_text(const Structure& device, std::size_t offset) {
  std::string text = device.text(offset);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

MemoryModule module_of(const Structure& device) {
  MemoryModule module;
  module.locator = device_text(device, 0x10);
  module.bank = device_text(device, 0x11);
  module.bytes = device_bytes(device);
  module.type = device_type(device);
  const std::uint32_t width = device.number(0x0A, 2);
  if (width != 0 && width != 0xFFFF) module.data_bits = width;
  module.rated_megatransfers_per_second = device_rate(device, 0x15, 0x54);
  module.configured_megatransfers_per_second = device_rate(device, 0x20, 0x58);
  module.manufacturer = device_text(device, 0x17);
  module.part_number = device_text(device, 0x1A);
  return module;
}

/// A dump of dmidecode starts with an entry point that says where the table is.
void skip_entry_point(std::string_view& table) {
  const bool is_64_bit = table.starts_with("_SM3_");
  if (!is_64_bit && !table.starts_with("_SM_")) return;
  const Structure entry{table.substr(0, 0x20), {}};
  const std::size_t start = is_64_bit ? entry.number(0x10, 4) : entry.number(0x18, 4);
  table.remove_prefix(std::min(start, table.size()));
}

}  // namespace

std::vector<MemoryModule> read_memory_modules(std::string_view table) {
  constexpr std::size_t k_most_modules = 4096;
  std::vector<MemoryModule> modules;
  skip_entry_point(table);
  while (const auto structure = take_structure(table)) {
    if (structure->number(0, 1) != k_memory_device) continue;
    if (device_bytes(*structure) == Bytes()) continue;  // an empty slot
    modules.push_back(module_of(*structure));
    if (modules.size() >= k_most_modules) break;
  }
  return modules;
}

}  // namespace assay
