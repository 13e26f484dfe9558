#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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

std::string clock_text(const CpuProfile& cpu) {
  std::vector<std::string> kinds;
  for (const CoreType& type : cpu.core_types.value_or({})) {
    if (!type.max_frequency_hertz) continue;
    std::string kind = printable(type.name.value_or(type.kind), 60);
    std::replace(kind.begin(), kind.end(), '_', '-');
    kinds.push_back(fmt::format("{} up to {:.2f} GHz", kind, *type.max_frequency_hertz / 1e9));
  }
  if (kinds.size() > 1) return fmt::format("{}", fmt::join(kinds, ", "));
  const std::string top = fmt::format("up to {:.2f} GHz", cpu.max_frequency_hertz.value() / 1e9);
  if (!cpu.base_frequency_hertz.is_known()) return top;
  return fmt::format("{:.2f} GHz, {}", cpu.base_frequency_hertz.value() / 1e9, top);
}

/// "powersave (intel_pstate, balance_performance), no boost"
std::string governor_text(const CpuProfile& cpu) {
  std::vector<std::string> details;
  for (const Fact<std::string>* fact : {&cpu.scaling_driver, &cpu.energy_performance_preference}) {
    if (fact->is_known()) details.push_back(printable(fact->value(), 40));
  }
  std::string text = printable(cpu.governor.value(), 40);
  if (!details.empty()) text += fmt::format(" ({})", fmt::join(details, ", "));
  return cpu.boost.value_or(true) ? text : text + ", boost switched off";
}

std::string instructions_text(const CpuProfile& cpu) {
  std::string names = isa_cell(cpu).text;
  if (cpu.sve_vector_bits.is_known()) {
    names += fmt::format(", SVE of {} bits", cpu.sve_vector_bits.value());
  }
  return cpu.isa_level.is_known() ? fmt::format("x86-64-v{}: {}", cpu.isa_level.value(), names)
                                  : names;
}

/// Few processors have AMX: only there does it matter which gate is closed.
void add_amx(const CpuProfile& cpu, FactRows& rows) {
  if (!cpu.amx_silicon.value_or(false)) return;
  if (!cpu.amx_os_enabled.value_or(true)) {
    rows.row("AMX", {"not usable: the system does not save its state", Tone::warning});
  } else if (!cpu.amx_process_permitted.value_or(true)) {
    rows.row("AMX", {"not usable: the kernel does not permit it to this process", Tone::warning});
  } else if (cpu.amx_os_enabled.is_known() && cpu.amx_process_permitted.is_known()) {
    rows.row("AMX", {"usable", Tone::plain});
  } else {
    rows.unknown("AMX", cpu.amx_os_enabled.is_known() ? cpu.amx_process_permitted.reason()
                                                      : cpu.amx_os_enabled.reason());
  }
}

}  // namespace

Section processor_rows(const MachineProfile& machine, bool verbose) {
  const CpuProfile& cpu = machine.cpu;
  FactRows rows("Processor");
  rows.fact("Name", cpu.brand, [&cpu](const auto&) { return name_text(cpu); });
  rows.fact("Cores", cpu.logical_cores, [&cpu](const auto&) { return cores_text(cpu); });
  add_usable(cpu, rows);
  rows.fact("Clock", cpu.max_frequency_hertz, [&cpu](double) { return clock_text(cpu); });
  rows.fact("Governor", cpu.governor, [&cpu](const auto&) { return governor_text(cpu); });
  rows.fact("Instructions", cpu.isa, [&cpu](const auto&) { return instructions_text(cpu); });
  add_amx(cpu, rows);
  rows.fact("Caches", cpu.caches, [&cpu](const auto&) { return caches_cell(cpu).text; });
  if (verbose) rows.text("Microcode", cpu.microcode);
  return rows.take();
}

}  // namespace assay
