#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "advisor/hardware_bar.hpp"
#include "base/text.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

std::string hypervisor_text(const OsProfile& os) {
  if (os.wsl.value_or(false)) {
    return os.wsl_version.is_known() ? fmt::format("WSL {}", os.wsl_version.value()) : "WSL";
  }
  if (os.hypervisor.state() == FactState::absent) return "bare metal";
  if (!os.hypervisor.is_known()) return {};
  const std::string name = printable(os.hypervisor.value(), 60);
  return name == "unnamed" ? "a virtual machine" : fmt::format("a virtual machine ({})", name);
}

/// "docker container on bare metal"; empty when neither can be told.
std::string surroundings(const OsProfile& os) {
  const std::string machine = hypervisor_text(os);
  if (!os.container.is_known()) return machine;
  const std::string container = fmt::format("{} container", printable(os.container.value(), 40));
  return machine.empty() ? container : fmt::format("{} on {}", container, machine);
}

/// "LENOVO 21CB (notebook)"; empty when the firmware does not say.
std::string computer_text(const OsProfile& os) {
  if (!os.product_name.is_known() && !os.system_vendor.is_known()) return {};
  const std::string vendor = printable(os.system_vendor.value_or(""), 60);
  std::string text = printable(os.product_name.value_or(""), 60);
  // Many firmwares repeat the maker: "HP EliteBook".
  if (!text.starts_with(vendor)) text = text.empty() ? vendor : vendor + " " + text;
  if (os.chassis.is_known()) text += fmt::format(" ({})", printable(os.chassis.value(), 40));
  return text;
}

/// Other virtual machines take so little from time to time that it changes no speed.
constexpr double k_noticed_steal = 0.02;

void add_notes(const OsProfile& os, FactRows& rows) {
  if (os.memory_note.is_known()) {
    rows.row("Memory note", {printable(os.memory_note.value(), 300), Tone::warning});
  }
  if (os.steal_ratio.value_or(0.0) > k_noticed_steal) {
    rows.row("Stolen time", {fmt::format("{:.0f} % of the processor goes to other virtual machines",
                                         100 * os.steal_ratio.value()),
                             Tone::warning});
  }
}

/// In one row, with what decides. Nobody asks it of a virtual machine, or of one whose devices
/// could not be looked at.
void add_bar(const MachineProfile& machine, FactRows& rows) {
  const bool bare = machine.os.hypervisor.state() == FactState::absent;
  if (machine.npus.empty() && !(bare && machine.npu_count.is_known())) return;
  const auto bar = copilot_plus_bar();
  if (!bar) return;
  const BarVerdict verdict = judge_bar(*bar, machine);
  std::vector<std::string> why;
  for (const BarCriterion& criterion : verdict.criteria) {
    if (criterion.answer == verdict.answer) why.push_back(printable(criterion.why, 120));
  }
  rows.row(verdict.bar,
           {fmt::format("{}: {}", k_bar_answer_names.name(verdict.answer), fmt::join(why, "; ")),
            Tone::plain});
}

}  // namespace

Section system_rows(const MachineProfile& machine) {
  const OsProfile& os = machine.os;
  FactRows rows("System");
  rows.text("OS", os.name);
  rows.fact("Kernel", os.kernel, [&os](const std::string& release) {
    return os.architecture.is_known()
               ? fmt::format("{}, {}", printable(release), printable(os.architecture.value(), 40))
               : printable(release);
  });
  if (!os.kernel.is_known()) rows.text("Architecture", os.architecture);
  if (const std::string text = surroundings(os); !text.empty()) {
    rows.row("Runs on", {text, Tone::plain});
  }
  if (const std::string text = computer_text(os); !text.empty()) {
    rows.row("Computer", {text, Tone::plain});
  }
  add_notes(os, rows);
  add_bar(machine, rows);
  if (os.hypervisor.state() == FactState::unknown) {
    rows.unknown("Hypervisor", os.hypervisor.reason());
  }
  if (os.container.state() == FactState::unknown) {
    rows.unknown("Container", os.container.reason());
  }
  rows.row("Machine id", {printable(machine.id, 64), Tone::plain});
  return rows.take();
}

}  // namespace assay
