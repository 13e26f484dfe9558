#include "probes/memory/smbios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

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

/// 0x7FFF: the extended field counts MiB; bit 15: KiB; otherwise MiB.
std::uint64_t device_bytes(const Structure& device) {
  const std::uint32_t size = device.number(0x0C, 2);
  if (size == 0 || size == 0xFFFF) return 0;
  if (size == 0x7FFF) return std::uint64_t{device.number(0x1C, 4) & 0x7FFFFFFFU} << 20U;
  if ((size & 0x8000U) != 0) return std::uint64_t{size & 0x7FFFU} << 10U;
  return std::uint64_t{size} << 20U;
}

/// The configured rate (0x20), else the rated one (0x15); 0xFFFF refers to the extended fields.
std::uint32_t device_rate(const Structure& device) {
  const auto rate = [&device](std::size_t offset, std::size_t extended) {
    const std::uint32_t value = device.number(offset, 2);
    return value == 0xFFFF ? device.number(extended, 4) & 0x7FFFFFFFU : value;
  };
  const std::uint32_t configured = rate(0x20, 0x58);
  return configured != 0 ? configured : rate(0x15, 0x54);
}

/// The name up to and with its channel: "controller0-channela", "p0 channel a"; empty without one.
std::string channel_of(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  const std::string_view mark = "channel";
  std::size_t at = lower.find(mark);
  if (at == std::string::npos) return {};
  at += mark.size();
  while (at < lower.size() && std::isalnum(static_cast<unsigned char>(lower[at])) == 0) ++at;
  while (at < lower.size() && std::isalnum(static_cast<unsigned char>(lower[at])) != 0) ++at;
  return lower.substr(0, at);
}

}  // namespace

std::vector<MemoryModule> read_memory_modules(std::string_view table) {
  std::vector<MemoryModule> modules;
  while (const auto structure = take_structure(table)) {
    if (structure->number(0, 1) != k_memory_device) continue;
    MemoryModule module;
    module.bytes = device_bytes(*structure);
    if (module.bytes == 0) continue;  // an empty slot
    const std::uint32_t width = structure->number(0x0A, 2);
    module.data_bits = width == 0xFFFF ? 0 : width;
    module.megatransfers_per_second = device_rate(*structure);
    module.locator = structure->text(0x10);
    module.bank = structure->text(0x11);
    modules.push_back(std::move(module));
  }
  return modules;
}

Fact<double> modules_bandwidth(const std::vector<MemoryModule>& modules) {
  using Rate = Fact<double>;
  if (modules.empty()) return Rate::unknown("the firmware lists no memory modules");
  std::map<std::string, double> channels;
  for (const MemoryModule& module : modules) {
    if (module.data_bits == 0 || module.data_bits > 1024 || module.megatransfers_per_second == 0 ||
        module.megatransfers_per_second > 100'000) {
      return Rate::unknown("the firmware does not say how wide and how fast its modules are");
    }
    std::string channel = channel_of(module.locator);
    if (channel.empty()) channel = channel_of(module.bank);
    if (channel.empty() && modules.size() > 1) {
      return Rate::unknown(
          fmt::format("the firmware does not name the channels of its {} modules", modules.size()));
    }
    double& rate = channels[channel];
    rate = std::max(rate, module.data_bits / 8.0 * module.megatransfers_per_second * 1e6);
  }
  double total = 0.0;
  for (const auto& [channel, rate] : channels) total += rate;
  return Rate::known(total, fmt::format("SMBIOS: {} channel{}, {} bit at {} MT/s", channels.size(),
                                        channels.size() == 1 ? "" : "s", modules[0].data_bits,
                                        modules[0].megatransfers_per_second));
}

}  // namespace assay
