#include <fmt/format.h>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/machine_cells.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

Cell memory_cell(const MachineProfile& machine) {
  const MemoryProfile& memory = machine.memory;
  if (!memory.total.is_known()) return missing(memory.total);
  std::string text = human_bytes(memory.total.value());
  if (memory.available.is_known()) {
    text += fmt::format(", {} available", human_bytes(memory.available.value()));
  }
  if (memory.limit.is_known()) {
    text += fmt::format(", limited to {}", human_bytes(memory.limit.value()));
  }
  const Fact<Bytes> usable = machine.usable_memory();
  if (usable.is_known() && memory.limit.is_known()) {
    text += fmt::format(" ({} left)", human_bytes(usable.value()));
  }
  return {text, Tone::plain};
}

Cell gpu_cell(const GpuProfile& gpu) {
  std::string text = gpu.name.is_known()
                         ? printable(gpu.name.value())
                         : fmt::format("{} {:04x}:{:04x}", printable(gpu.vendor, 60), gpu.vendor_id,
                                       gpu.device_id);
  if (gpu.memory.is_known()) text += ", " + human_bytes(gpu.memory.value());
  if (gpu.driver.is_known()) text += ", driver " + printable(gpu.driver.value(), 40);
  if (gpu.software) return {text + " (software: the processor itself)", Tone::plain};
  return {text + " (not used by the reference engine)", Tone::plain};
}

Cell npu_cell(const NpuProfile& npu) {
  std::string text = printable(npu.name);
  if (npu.tops_low.is_known() && npu.tops_high.is_known()) {
    text += npu.tops_low.value() == npu.tops_high.value()
                ? fmt::format(", {} TOPS published", figure(npu.tops_high.value()))
                : fmt::format(", {}-{} TOPS published", figure(npu.tops_low.value()),
                              figure(npu.tops_high.value()));
  }
  if (npu.driver.is_known()) text += ", driver " + printable(npu.driver.value(), 40);
  return {text + " (not used by the reference engine)", Tone::plain};
}

Cell system_cell(const OsProfile& os) {
  if (!os.name.is_known()) return missing(os.name);
  std::string text = printable(os.name.value());
  if (os.kernel.is_known()) text += ", kernel " + printable(os.kernel.value(), 80);
  if (os.hypervisor.is_known()) text += ", virtual (" + printable(os.hypervisor.value(), 40) + ")";
  if (os.container.is_known()) text += ", in " + printable(os.container.value(), 40);
  return {text, Tone::plain};
}

}  // namespace

std::optional<Section> machine_section(const Assessment& assessment) {
  if (!assessment.machine) return std::nullopt;
  const MachineProfile& machine = *assessment.machine;
  Section section;
  section.title = machine.root == "/" || machine.root.empty()
                      ? "Machine"
                      : fmt::format("Machine (recorded: {})", printable(machine.root));
  section.fields = {{"CPU", text_cell(machine.cpu.brand)},
                    {"Cores", cores_cell(machine.cpu)},
                    {"Instructions", isa_cell(machine.cpu)},
                    {"Caches", caches_cell(machine.cpu)},
                    {"Memory", memory_cell(machine)}};
  for (const GpuProfile& gpu : machine.gpus) section.fields.push_back({"GPU", gpu_cell(gpu)});
  for (const NpuProfile& npu : machine.npus) section.fields.push_back({"NPU", npu_cell(npu)});
  for (const auto& [label, count] :
       {std::pair{"GPU", &machine.gpu_count}, std::pair{"NPU", &machine.npu_count}}) {
    if (count->is_known() && count->value() > 0) continue;
    section.fields.push_back(
        {label, count->is_known() ? Cell{"none found", Tone::plain} : missing(*count)});
  }
  section.fields.push_back({"System", system_cell(machine.os)});
  if (machine.power.on_battery.is_known() && machine.power.on_battery.value()) {
    section.fields.push_back(
        {"Power", {"on battery: speeds may be lower than on mains", Tone::warning}});
  }
  return section;
}

}  // namespace assay
