#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

/// Tasks that waited for memory a tenth of the last seconds: the machine is thrashing.
constexpr double k_thrashing_percent = 10.0;

std::string installed_text(const MemoryProfile& memory) {
  std::string text = human_bytes(memory.total.value());
  if (memory.swap_total.is_known()) {
    text += memory.swap_total.value().value == 0
                ? std::string(", no swap")
                : fmt::format(", {} swap", human_bytes(memory.swap_total.value()));
  }
  if (memory.zram.is_known()) text += " (in compressed memory)";
  return text;
}

std::string limit_text(const MemoryProfile& memory) {
  std::string text = human_bytes(memory.limit.value());
  if (memory.limit_headroom.is_known()) {
    text += fmt::format(", {} of it left", human_bytes(memory.limit_headroom.value()));
  }
  return fmt::format("{} ({})", text, printable(memory.limit.source(), 160));
}

/// "16 GiB DDR5-5600 (Crucial CT16G56C46S5)": sold by powers of two.
std::string module_text(const MemoryModule& module) {
  constexpr double k_gibi = 1024.0 * 1024.0 * 1024.0;
  std::string text = fmt::format("{:.4g} GiB", static_cast<double>(module.bytes.value) / k_gibi);
  if (module.type) text += " " + printable(*module.type, 20);
  const auto rate = module.configured_megatransfers_per_second
                        ? module.configured_megatransfers_per_second
                        : module.rated_megatransfers_per_second;
  if (rate) text += module.type ? fmt::format("-{}", *rate) : fmt::format(" at {} MT/s", *rate);
  std::vector<std::string> made;
  for (const auto* part : {&module.manufacturer, &module.part_number}) {
    if (*part) made.push_back(printable(**part, 40));
  }
  return made.empty() ? text : fmt::format("{} ({})", text, fmt::join(made, " "));
}

/// Modules alike are counted: "2 x 16 GiB DDR5-5600 (Crucial CT16G56C46S5), 2 channels".
std::string modules_text(const MemoryProfile& memory) {
  std::vector<std::pair<std::string, std::size_t>> kinds;
  for (const MemoryModule& module : memory.modules.value()) {
    const std::string text = module_text(module);
    const auto found = std::ranges::find(kinds, text, &decltype(kinds)::value_type::first);
    if (found == kinds.end()) {
      kinds.emplace_back(text, 1);
    } else {
      ++found->second;
    }
  }
  std::string text;
  for (const auto& [kind, count] : kinds) {
    text += fmt::format("{}{} x {}", text.empty() ? "" : " + ", count, kind);
  }
  if (!memory.channels.is_known()) return text;
  const std::uint32_t channels = memory.channels.value();
  return fmt::format("{}, {} channel{}", text, channels, channels == 1 ? "" : "s");
}

std::string huge_pages_text(const MemoryProfile& memory) {
  std::string text =
      fmt::format("transparent: {}", printable(memory.transparent_huge_pages.value(), 20));
  for (const HugePagePool& pool : memory.huge_page_pools.value_or({})) {
    if (pool.pages == 0) continue;
    text += fmt::format(", {} of {} set aside, {} free", pool.pages, human_bytes(pool.page_bytes),
                        pool.free_pages);
  }
  return text;
}

void add_limit(const MachineProfile& machine, FactRows& rows) {
  const MemoryProfile& memory = machine.memory;
  if (memory.limit.state() == FactState::unknown) rows.unknown("Limit", memory.limit.reason());
  if (!memory.limit.is_known()) return;
  rows.row("Limit", {limit_text(memory), Tone::warning});
  rows.bytes("For a model", machine.usable_memory());
}

}  // namespace

Section memory_rows(const MachineProfile& machine) {
  const MemoryProfile& memory = machine.memory;
  FactRows rows("Memory");
  rows.fact("Installed", memory.total, [&memory](Bytes) { return installed_text(memory); });
  const char* when = machine.root == "/" ? " now" : " when it was recorded";
  rows.fact("Available", memory.available,
            [when](Bytes bytes) { return human_bytes(bytes) + when; });
  add_limit(machine, rows);
  rows.fact("Modules", memory.modules, [&memory](const auto&) { return modules_text(memory); });
  rows.fact("Bandwidth", memory.theoretical_bandwidth_bytes_per_second, [&memory](double rate) {
    return fmt::format("{} GB/s at most ({})", figure(rate / 1e9),
                       printable(memory.theoretical_bandwidth_bytes_per_second.source(), 120));
  });
  if (memory.transparent_huge_pages.is_known()) {
    rows.row("Huge pages", {huge_pages_text(memory), Tone::plain});
  }
  if (memory.pressure_avg10.value_or(0.0) > k_thrashing_percent) {
    rows.row("Pressure", {fmt::format("{:.0f} % of the last 10 s were spent waiting for memory",
                                      memory.pressure_avg10.value()),
                          Tone::warning});
  }
  return rows.take();
}

}  // namespace assay
