#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A memory device of a firmware table made by hand (SMBIOS type 17, version 3.3: 0x5C bytes).
struct MemoryDeviceRow {
  std::string locator = {};
  std::string bank = {};
  std::uint16_t size = 0;  // MiB; 0x7FFF refers to extended_size
  std::uint32_t extended_size = 0;
  std::uint16_t data_width = 64;
  std::uint8_t type = 0x22;  // DDR5
  std::uint16_t speed = 0;
  std::uint16_t configured = 0;
  std::uint32_t extended_speed = 0;
  std::uint32_t extended_configured = 0;
};

/// The bytes of one structure: the formatted part, two strings, a double zero.
inline std::string memory_device(const MemoryDeviceRow& row) {
  constexpr std::size_t k_length = 0x5C;
  std::string bytes(k_length, '\0');
  const auto put = [&bytes](std::size_t offset, std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      bytes[offset + i] = static_cast<char>((value >> (8 * i)) & 0xFFU);
    }
  };
  put(0x00, 17, 1);
  put(0x01, k_length, 1);
  put(0x08, row.data_width, 2);
  put(0x0A, row.data_width, 2);
  put(0x0C, row.size, 2);
  put(0x10, 1, 1);
  put(0x11, row.bank.empty() ? 0 : 2, 1);
  put(0x12, row.type, 1);
  put(0x15, row.speed, 2);
  put(0x1C, row.extended_size, 4);
  put(0x20, row.configured, 2);
  put(0x54, row.extended_speed, 4);
  put(0x58, row.extended_configured, 4);
  bytes += row.locator + '\0';
  if (!row.bank.empty()) bytes += row.bank + '\0';
  return bytes + '\0';
}

/// A whole table, with its end mark.
inline std::string memory_table(const std::vector<MemoryDeviceRow>& rows) {
  std::string table;
  for (const MemoryDeviceRow& row : rows) table += memory_device(row);
  return table + std::string("\x7F\x04\0\0\0\0", 6);
}

}  // namespace assay
