#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

/// A zone whose limit is 0, or more than any processor draws, has none.
constexpr double k_no_limit_watts = 2000.0;

constexpr EnumTable<DriveKind, 8> k_drive_words{{{
    {DriveKind::nvme, "NVMe"},
    {DriveKind::ssd, "SSD"},
    {DriveKind::hdd, "hard disk: slow to load models from"},
    {DriveKind::emmc, "eMMC"},
    {DriveKind::ufs, "UFS"},
    {DriveKind::sd_card, "SD card: slow to load models from"},
    {DriveKind::virtual_disk, "virtual disk"},
    {DriveKind::memory, "in memory"},
}}};

/// "Example SSD 1TB, 1.0 TB, NVMe, link of 7.9 GB/s, crypt"
std::string drive_text(const StorageProfile& storage) {
  std::vector<std::string> parts;
  if (storage.model.is_known()) parts.push_back(printable(storage.model.value(), 60));
  if (parts.empty()) parts.push_back(printable(storage.device.value(), 40));
  if (storage.device_size.is_known()) parts.push_back(human_bytes(storage.device_size.value()));
  if (storage.kind.is_known()) parts.emplace_back(k_drive_words.name(storage.kind.value()));
  if (storage.link_bandwidth_bytes_per_second.is_known()) {
    parts.push_back(fmt::format("link of {} GB/s",
                                figure(storage.link_bandwidth_bytes_per_second.value() / 1e9)));
  }
  for (const std::string& layer : storage.layers.value_or({})) {
    parts.push_back(printable(layer, 20));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void add_storage(const StorageProfile& storage, FactRows& rows) {
  if (storage.device.is_known()) rows.row("Drive", {drive_text(storage), Tone::plain});
  if (storage.source.is_known() && storage.source.value() == StorageSource::network) {
    rows.row("Drive", {"another computer's: models load over the network", Tone::warning});
  }
  rows.fact("Storage", storage.free, [&storage](Bytes free) {
    std::string text = fmt::format("{} free", human_bytes(free));
    if (storage.total.is_known()) text += " of " + human_bytes(storage.total.value());
    if (storage.filesystem.is_known()) {
      text += fmt::format(" ({})", printable(storage.filesystem.value(), 40));
    }
    return text;
  });
}

std::string charge_text(const PowerProfile& power) {
  for (const Battery& battery : power.batteries.value_or({})) {
    if (battery.charge_ratio) return fmt::format(", {:.0f} % charged", 100 * *battery.charge_ratio);
  }
  return {};
}

/// What the whole processor may draw.
void add_limit(const PowerProfile& power, FactRows& rows) {
  const auto limited = [](const std::optional<double>& watts) {
    return watts && *watts > 0 && *watts < k_no_limit_watts;
  };
  for (const PowerZone& zone : power.zones.value_or({})) {
    if (!zone.name.starts_with("package") || !limited(zone.long_term_limit_watts)) continue;
    std::string text = fmt::format("{:.0f} W", *zone.long_term_limit_watts);
    if (limited(zone.short_term_limit_watts)) {
      text += fmt::format(", {:.0f} W for a short time", *zone.short_term_limit_watts);
    }
    rows.row("Power limit", {text, Tone::plain});
    return;
  }
}

void add_throttling(const PowerProfile& power, FactRows& rows) {
  const std::uint32_t times =
      std::max(power.package_throttle_count.value_or(0), power.core_throttle_count.value_or(0));
  if (times == 0) return;
  rows.row("Throttling", {fmt::format("slowed down by heat {} time{} since the start", times,
                                      times == 1 ? "" : "s"),
                          Tone::warning});
}

}  // namespace

Section storage_and_power_rows(const MachineProfile& machine) {
  const PowerProfile& power = machine.power;
  FactRows rows("Storage and power");
  add_storage(machine.storage, rows);
  if (power.on_battery.value_or(false)) {
    rows.row("Power",
             {fmt::format("on battery{}: speeds may be lower than on mains", charge_text(power)),
              Tone::warning});
  } else {
    rows.fact("Power", power.on_battery,
              [&power](bool) { return "on mains" + charge_text(power); });
  }
  rows.text("Profile", power.platform_profile);
  add_limit(power, rows);
  add_throttling(power, rows);
  return rows.take();
}

}  // namespace assay
