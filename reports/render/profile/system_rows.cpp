#include <fmt/format.h>

#include "base/text.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

std::string hypervisor_text(const OsProfile& os) {
  if (os.wsl.value_or(false)) return "WSL (the memory is the virtual machine's)";
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
