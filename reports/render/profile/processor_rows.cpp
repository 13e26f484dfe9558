#include <fmt/format.h>

#include "base/text.hpp"
#include "reports/render/machine_cells.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

std::string name_text(const CpuProfile& cpu) {
  std::string text = printable(cpu.brand.value());
  if (!cpu.vendor.is_known()) return text;
  text += fmt::format(" ({}", printable(cpu.vendor.value(), 40));
  if (cpu.family.is_known() && cpu.model.is_known()) {
    text += fmt::format(", family {} model {}", cpu.family.value(), cpu.model.value());
    if (cpu.stepping.is_known()) text += fmt::format(" stepping {}", cpu.stepping.value());
  }
  return text + ")";
}

std::string cores_text(const CpuProfile& cpu) {
  std::string text = core_counts(cpu);
  if (cpu.packages.value_or(1) > 1) text += fmt::format(", {} packages", cpu.packages.value());
  if (cpu.numa_nodes.value_or(1) > 1) {
    text += fmt::format(", {} memory nodes", cpu.numa_nodes.value());
  }
  return text;
}

/// Only what differs from the cores above is worth a row.
void add_usable(const CpuProfile& cpu, FactRows& rows) {
  if (!cpu.usable_cpus.is_known()) {
    rows.unknown("Usable now", cpu.usable_cpus.reason());
    return;
  }
  const std::uint32_t usable = cpu.usable_cpus.value();
  if (usable >= cpu.logical_cores.value_or(0)) return;
  rows.row("Usable now", {fmt::format("{} thread{}: {}", usable, usable == 1 ? "" : "s",
                                      printable(cpu.usable_cpus.source(), 160)),
                          Tone::warning});
}

std::string instructions_text(const CpuProfile& cpu) {
  const std::string names = isa_cell(cpu).text;
  return cpu.isa_level.is_known() ? fmt::format("x86-64-v{}: {}", cpu.isa_level.value(), names)
                                  : names;
}

}  // namespace

Section processor_rows(const MachineProfile& machine) {
  const CpuProfile& cpu = machine.cpu;
  FactRows rows("Processor");
  rows.fact("Name", cpu.brand, [&cpu](const auto&) { return name_text(cpu); });
  rows.fact("Cores", cpu.logical_cores, [&cpu](const auto&) { return cores_text(cpu); });
  add_usable(cpu, rows);
  rows.fact("Clock", cpu.max_frequency_hertz,
            [](double hertz) { return fmt::format("up to {:.2f} GHz", hertz / 1e9); });
  rows.text("Governor", cpu.governor);
  rows.fact("Instructions", cpu.isa, [&cpu](const auto&) { return instructions_text(cpu); });
  rows.fact("Caches", cpu.caches, [&cpu](const auto&) { return caches_cell(cpu).text; });
  return rows.take();
}

}  // namespace assay
