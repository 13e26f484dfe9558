#include "probes/memory/memory_modules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/memory/smbios.hpp"

namespace assay {
namespace {

using Modules = std::vector<MemoryModule>;

constexpr std::size_t k_most_modules = 4096;
constexpr std::uint32_t k_full_width = 64;  // bits of a DIMM; two sub-channels of 32 on DDR5

/// The name up to and with its channel: "controller0-channela", "p0 channel a"; empty without one.
std::string channel_name(const std::optional<std::string>& name) {
  std::string lower = name.value_or("");
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

std::string channel_of(const MemoryModule& module) {
  std::string channel = channel_name(module.locator);
  return channel.empty() ? channel_name(module.bank) : channel;
}

bool is_narrow_low_power(const MemoryModule& module) {
  return module.data_bits && *module.data_bits < k_full_width && module.type &&
         module.type->starts_with("LPDDR");
}

/// Which channel each module is on, as a number; nothing when the firmware does not tell.
std::optional<std::vector<std::size_t>> channels_of(const Modules& modules) {
  std::map<std::string, std::size_t> named;
  std::vector<std::size_t> channels;
  std::size_t next = 0;
  for (const MemoryModule& module : modules) {
    const std::string name = channel_of(module);
    if (!name.empty()) {
      const auto [found, is_new] = named.try_emplace(name, next);
      if (is_new) ++next;
      channels.push_back(found->second);
    } else if (is_narrow_low_power(module) || modules.size() == 1) {
      channels.push_back(next++);
    } else {
      return std::nullopt;
    }
  }
  return channels;
}

std::optional<std::uint32_t> rate_of(const MemoryModule& module) {
  return module.configured_megatransfers_per_second ? module.configured_megatransfers_per_second
                                                    : module.rated_megatransfers_per_second;
}

std::string no_channels(const Modules& modules) {
  return fmt::format("the firmware does not name the channels of its {} modules", modules.size());
}

std::optional<std::string> told(std::string_view text) {
  if (text.empty() || text == "Not Specified" || text.starts_with('<')) return std::nullopt;
  return printable(text, 100);
}

std::optional<std::uint32_t> told_count(std::string_view text) {
  const auto count = parse_number<std::uint32_t>(text);
  // 0xFFFF stands for a field that udev does not follow.
  return count && *count != 0 && *count != 0xFFFF ? count : std::nullopt;
}

void take_udev_field(MemoryModule& module, std::string_view key, std::string_view value) {
  if (key == "SIZE") module.bytes = Bytes(parse_number<std::uint64_t>(value).value_or(0));
  if (key == "LOCATOR") module.locator = told(value);
  if (key == "BANK_LOCATOR") module.bank = told(value);
  if (key == "TYPE" && value != "Unknown" && value != "Other") module.type = told(value);
  if (key == "DATA_WIDTH") module.data_bits = told_count(value);
  if (key == "SPEED_MTS") module.rated_megatransfers_per_second = told_count(value);
  if (key == "CONFIGURED_SPEED_MTS") {
    module.configured_megatransfers_per_second = told_count(value);
  }
  if (key == "MANUFACTURER") module.manufacturer = told(value);
  if (key == "PART_NUMBER") module.part_number = told(value);
}

/// "Unbuffered-DDR4" as "DDR4".
std::optional<std::string> edac_type(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  return told(dash == std::string_view::npos ? text : text.substr(dash + 1));
}

/// The error-correction driver: sizes and types of each DIMM or rank, no speed.
Modules read_edac_modules(const HostView& host) {
  Modules modules;
  const std::string controllers = "/sys/devices/system/edac/mc";
  for (const std::string& controller : host.list(controllers)) {
    if (!controller.starts_with("mc")) continue;
    const std::string folder = fmt::format("{}/{}", controllers, controller);
    for (const std::string& name : host.list(folder)) {
      if (!name.starts_with("dimm") && !name.starts_with("rank")) continue;
      const std::string slot = fmt::format("{}/{}", folder, name);
      const auto size = host.read_text(slot + "/size", 64);
      const auto mebibytes_of = size ? parse_number<std::uint32_t>(trim(*size)) : std::nullopt;
      if (!mebibytes_of || *mebibytes_of == 0 || modules.size() >= k_most_modules) continue;
      MemoryModule module;
      module.bytes = Bytes(std::uint64_t{*mebibytes_of} << 20U);
      const auto location = host.read_text(slot + "/dimm_location", 256);
      if (location) module.locator = told(fmt::format("{} {}", controller, trim(*location)));
      const auto type = host.read_text(slot + "/dimm_mem_type", 256);
      if (type) module.type = edac_type(trim(*type));
      modules.push_back(std::move(module));
    }
  }
  return modules;
}

/// The kernel's dmi-sysfs module: each structure of the table in a file of its own.
Modules read_entry_modules(const HostView& host) {
  Modules modules;
  const std::string entries = "/sys/firmware/dmi/entries";
  std::map<std::uint32_t, std::string> slots;  // in the order of the table
  for (const std::string& name : host.list(entries)) {
    const auto instance = name.starts_with("17-")
                              ? parse_number<std::uint32_t>(std::string_view(name).substr(3))
                              : std::nullopt;
    if (instance && *instance < k_most_modules) slots[*instance] = name;
  }
  for (const auto& [instance, name] : slots) {
    const auto structure = host.read_text(fmt::format("{}/{}/raw", entries, name), 65536);
    if (!structure) continue;
    const Modules found = read_memory_modules(*structure);
    modules.insert(modules.end(), found.begin(), found.end());
  }
  return modules;
}

struct FoundModules {
  Modules modules;
  std::string source;
  std::string reason;  // why there are none
};

FoundModules find_modules(const HostView& host) {
  const std::string table = "/sys/firmware/dmi/tables/DMI";
  const auto text = host.read_text(table);
  if (text) {
    FoundModules found{read_memory_modules(*text), "SMBIOS", {}};
    if (!found.modules.empty()) return found;
  }
  FoundModules entries{read_entry_modules(host), "SMBIOS (/sys/firmware/dmi/entries)", {}};
  if (!entries.modules.empty()) return entries;
  const std::string database = "/run/udev/data/+dmi:id";
  if (const auto udev = host.read_text(database)) {
    FoundModules found{read_udev_modules(*udev), "udev (" + database + ")", {}};
    if (!found.modules.empty()) return found;
  }
  FoundModules found{read_edac_modules(host), "EDAC", {}};
  if (!found.modules.empty()) return found;
  if (!text && text.error().problem == ReadProblem::denied) {
    found.reason = "memory modules: needs root";
  } else if (!text && !host.is_live()) {
    found.reason = "the recording lacks the firmware's table";
  } else {
    found.reason = "the firmware lists no memory modules (usual in virtual machines)";
  }
  return found;
}

}  // namespace

Modules read_udev_modules(std::string_view text) {
  const std::string_view mark = "E:MEMORY_DEVICE_";
  std::map<std::uint32_t, MemoryModule> slots;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(mark)) continue;
    const std::string_view rest = line.substr(mark.size());
    const std::size_t bar = rest.find('_');
    const std::size_t equals = rest.find('=');
    if (bar == std::string_view::npos || equals == std::string_view::npos || bar > equals) continue;
    const auto slot = parse_number<std::uint32_t>(rest.substr(0, bar));
    if (!slot || *slot >= k_most_modules) continue;
    take_udev_field(slots[*slot], rest.substr(bar + 1, equals - bar - 1),
                    trim(rest.substr(equals + 1)));
  }
  Modules modules;
  for (auto& [slot, module] : slots) {
    if (module.bytes != Bytes()) modules.push_back(std::move(module));
  }
  return modules;
}

Fact<std::uint32_t> count_channels(const Modules& modules) {
  using Count = Fact<std::uint32_t>;
  if (modules.empty()) return Count::unknown("the firmware lists no memory modules");
  const auto channels = channels_of(modules);
  if (!channels) return Count::unknown(no_channels(modules));
  const std::set<std::size_t> distinct(channels->begin(), channels->end());
  return Count::known(static_cast<std::uint32_t>(distinct.size()), "the modules' names and widths");
}

Fact<double> modules_bandwidth(const Modules& modules) {
  using Rate = Fact<double>;
  if (modules.empty()) return Rate::unknown("the firmware lists no memory modules");
  const auto channels = channels_of(modules);
  if (!channels) return Rate::unknown(no_channels(modules));
  std::map<std::size_t, double> peaks;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const auto bits = modules[i].data_bits;
    const auto rate = rate_of(modules[i]);
    if (!bits || *bits > 1024 || !rate || *rate > 100'000) {
      return Rate::unknown("the firmware does not say how wide and how fast its modules are");
    }
    double& peak = peaks[(*channels)[i]];
    peak = std::max(peak, *bits / 8.0 * *rate * 1e6);
  }
  double total = 0.0;
  for (const auto& [channel, peak] : peaks) total += peak;
  const bool is_configured = modules[0].configured_megatransfers_per_second.has_value();
  return Rate::known(total, fmt::format("{} channel{}, {} bit at {} MT/s{}", peaks.size(),
                                        peaks.size() == 1 ? "" : "s", *modules[0].data_bits,
                                        *rate_of(modules[0]), is_configured ? "" : " (rated)"));
}

void describe_memory_modules(const HostView& host, MemoryProfile& memory) {
  const FoundModules found = find_modules(host);
  if (found.modules.empty()) {
    memory.modules = Fact<Modules>::unknown(found.reason);
    memory.channels = Fact<std::uint32_t>::unknown(found.reason);
    memory.theoretical_bandwidth_bytes_per_second = Fact<double>::unknown(found.reason);
    return;
  }
  memory.modules = Fact<Modules>::known(found.modules, found.source);
  memory.channels = count_channels(found.modules);
  if (found.source == "EDAC") {
    memory.theoretical_bandwidth_bytes_per_second = Fact<double>::unknown("DIMM speed: needs root");
    return;
  }
  const auto rate = modules_bandwidth(found.modules);
  memory.theoretical_bandwidth_bytes_per_second =
      rate.is_known() ? Fact<double>::known(rate.value(), found.source + ": " + rate.source())
                      : rate;
}

}  // namespace assay
