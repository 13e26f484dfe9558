#include "probes/recording/anonymous_smbios.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

namespace assay {
namespace {

constexpr std::size_t k_header_size = 4;
constexpr std::uint8_t k_end_of_table = 127;
constexpr std::uint8_t k_memory_device = 17;
// DSP0134: processor, cache, memory array, memory device, and the addresses of these two.
constexpr std::array<std::uint8_t, 6> k_kept_types{4, 7, 16, 17, 19, 20};
// Of a memory device: locator, bank, manufacturer, part number. The serial number is at 0x18, the
// asset tag at 0x19.
constexpr std::array<std::size_t, 4> k_kept_strings{0x10, 0x11, 0x17, 0x1A};
// Of a processor, the identification (0x08 to 0x0F) is the signature of its model, not a serial.

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// Blanks the strings of the structure at [start, end) of `table` whose number is not in `kept`.
void blank_strings(std::string& table, std::size_t start, std::size_t end,
                   const std::set<std::uint8_t>& kept) {
  std::uint8_t number = 1;
  for (std::size_t at = start; at < end; ++at) {
    if (table[at] == '\0') {
      ++number;
    } else if (!kept.contains(number)) {
      table[at] = ' ';
    }
  }
}

void make_anonymous(std::string& table, std::size_t start, std::size_t length, std::size_t end) {
  const std::uint8_t type = byte_at(table, start);
  const bool keep = std::find(k_kept_types.begin(), k_kept_types.end(), type) != k_kept_types.end();
  std::set<std::uint8_t> kept;
  if (type == k_memory_device) {
    for (const std::size_t offset : k_kept_strings) {
      if (offset < length) kept.insert(byte_at(table, start + offset));
    }
  }
  if (!keep)
    std::fill_n(table.begin() + static_cast<std::ptrdiff_t>(start + k_header_size),
                length - k_header_size, '\0');
  blank_strings(table, start + length, end, kept);
}

}  // namespace

std::string anonymous_smbios(std::string_view original) {
  std::string table(original);
  std::size_t start = 0;
  while (start + k_header_size <= table.size()) {
    const std::size_t length = byte_at(table, start + 1);
    if (length < k_header_size || start + length > table.size()) break;
    const std::size_t end = table.find(std::string_view("\0\0", 2), start + length);
    if (end == std::string::npos) break;
    make_anonymous(table, start, length, end);
    const bool last = byte_at(table, start) == k_end_of_table;
    start = end + 2;
    if (last) break;
  }
  table.resize(start);  // what follows a broken structure is nobody's
  return table;
}

}  // namespace assay
