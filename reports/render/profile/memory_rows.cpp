#include <fmt/format.h>

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
  return text;
}

std::string limit_text(const MemoryProfile& memory) {
  std::string text = human_bytes(memory.limit.value());
  if (memory.limit_headroom.is_known()) {
    text += fmt::format(", {} of it left", human_bytes(memory.limit_headroom.value()));
  }
  return fmt::format("{} ({})", text, printable(memory.limit.source(), 160));
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
  rows.fact("Bandwidth", memory.theoretical_bandwidth_bytes_per_second, [&memory](double rate) {
    return fmt::format("{} GB/s at most ({})", figure(rate / 1e9),
                       printable(memory.theoretical_bandwidth_bytes_per_second.source(), 120));
  });
  if (memory.pressure_avg10.value_or(0.0) > k_thrashing_percent) {
    rows.row("Pressure", {fmt::format("{:.0f} % of the last 10 s were spent waiting for memory",
                                      memory.pressure_avg10.value()),
                          Tone::warning});
  }
  return rows.take();
}

}  // namespace assay
