#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

/// The instruction sets that decide how fast a model runs; a report names these only.
constexpr std::array<std::string_view, 20> k_isa_that_matters{
    "avx",         "avx2",        "fma",         "f16c",     "avx_vnni", "avx512f", "avx512bw",
    "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16", "asimd",   "asimdhp",
    "asimddp",     "i8mm",        "bf16",        "sve",      "sve2",     "sme"};

/// An unknown fact in words.
template <typename T>
Cell missing(const Fact<T>& fact) {
  if (fact.state() == FactState::absent) return {"none", Tone::plain};
  return {fmt::format("unknown ({})", printable(fact.reason(), 120)), Tone::faint};
}

Cell text_cell(const Fact<std::string>& fact) {
  return fact.is_known() ? Cell{printable(fact.value()), Tone::plain} : missing(fact);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

Cell cores_cell(const CpuProfile& cpu) {
  if (!cpu.logical_cores.is_known()) return missing(cpu.logical_cores);
  std::string text;
  if (cpu.physical_cores.is_known()) text = counted(cpu.physical_cores.value(), "core") + ", ";
  text += counted(cpu.logical_cores.value(), "thread");
  if (cpu.core_types.is_known() && cpu.core_types.value().size() > 1) {
    std::vector<std::string> kinds;
    for (const CoreType& type : cpu.core_types.value()) {
      kinds.push_back(fmt::format("{} {}", type.cores, printable(type.kind, 30)));
    }
    text += fmt::format(" ({})", fmt::join(kinds, " + "));
  }
  if (cpu.usable_cpus.is_known() && cpu.usable_cpus.value() < cpu.logical_cores.value()) {
    text += fmt::format(", {} usable", cpu.usable_cpus.value());
  }
  return {text, Tone::plain};
}

Cell isa_cell(const CpuProfile& cpu) {
  if (!cpu.isa.is_known()) return missing(cpu.isa);
  std::vector<std::string_view> found;
  for (const std::string_view name : k_isa_that_matters) {
    const auto& all = cpu.isa.value();
    if (std::find(all.begin(), all.end(), name) != all.end()) found.push_back(name);
  }
  if (found.empty()) return {"none that speeds models up", Tone::warning};
  return {fmt::format("{}", fmt::join(found, " ")), Tone::plain};
}

Cell caches_cell(const CpuProfile& cpu) {
  if (!cpu.caches.is_known()) return missing(cpu.caches);
  std::vector<std::string> levels;
  for (const CacheLevel& cache : cpu.caches.value()) {
    if (cache.type == "instruction") continue;
    levels.push_back(fmt::format("L{} {}{}", cache.level, binary_bytes(cache.bytes),
                                 cache.instances > 1 ? fmt::format(" x{}", cache.instances) : ""));
  }
  return {fmt::format("{}", fmt::join(levels, ", ")), Tone::plain};
}

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
