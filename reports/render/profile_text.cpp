#include "reports/profile_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "probes/machine_profile_json.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/machine_cells.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

struct Remedy {
  std::string_view mark;  // a part of the reason
  std::string_view advice;
};

constexpr std::array k_remedies{
    Remedy{"needs root", "run it as root"},
    Remedy{"no CPUID recording was given", "give one with --cpuid FILE"},
    Remedy{"nvidia-smi", "nvidia-smi shows it"},
    Remedy{"firmware lists no memory modules", "`assay assess` measures what counts"},
    Remedy{"the firmware does not", "`assay assess` measures what counts"},
};

std::string_view remedy_for(std::string_view reason) {
  for (const Remedy& row : k_remedies) {
    if (reason.find(row.mark) != std::string_view::npos) return row.advice;
  }
  return {};
}

/// "unknown: the reason; what to do".
template <typename T>
Cell not_known(const Fact<T>& fact, std::string_view absent = "none") {
  if (fact.state() == FactState::absent) return {std::string(absent), Tone::plain};
  const std::string_view advice = remedy_for(fact.reason());
  return {fmt::format("unknown: {}{}{}", printable(fact.reason(), 160), advice.empty() ? "" : "; ",
                      advice),
          Tone::faint};
}

template <typename T, typename Show>
Cell shown(const Fact<T>& fact, Show show, std::string_view absent = "none") {
  return fact.is_known() ? Cell{show(fact.value()), Tone::plain} : not_known(fact, absent);
}

Cell text_shown(const Fact<std::string>& fact, std::string_view absent = "none") {
  return shown(fact, [](const std::string& text) { return printable(text); }, absent);
}

Cell bytes_shown(const Fact<Bytes>& fact, std::string_view absent = "none") {
  return shown(fact, [](Bytes bytes) { return human_bytes(bytes); }, absent);
}

Cell processor_cell(const CpuProfile& cpu) {
  if (!cpu.brand.is_known()) return not_known(cpu.brand);
  std::string text = printable(cpu.brand.value());
  if (cpu.vendor.is_known()) text += fmt::format(" ({}", printable(cpu.vendor.value(), 40));
  if (cpu.vendor.is_known() && cpu.family.is_known() && cpu.model.is_known()) {
    text += fmt::format(", family {} model {}", cpu.family.value(), cpu.model.value());
  }
  if (cpu.vendor.is_known()) text += ")";
  return {text, Tone::plain};
}

Cell core_count_cell(const CpuProfile& cpu) {
  Cell cell = cpu.logical_cores.is_known() ? cores_cell(cpu) : not_known(cpu.logical_cores);
  if (cpu.logical_cores.is_known() && cpu.packages.value_or(1) > 1) {
    cell.text += fmt::format(", {} packages", cpu.packages.value());
  }
  if (cpu.logical_cores.is_known() && cpu.numa_nodes.value_or(1) > 1) {
    cell.text += fmt::format(", {} memory nodes", cpu.numa_nodes.value());
  }
  return cell;
}

Cell instructions_cell(const CpuProfile& cpu) {
  if (!cpu.isa.is_known()) return not_known(cpu.isa);
  Cell cell = isa_cell(cpu);
  if (cpu.isa_level.is_known()) {
    cell.text = fmt::format("x86-64-v{}: {}", cpu.isa_level.value(), cell.text);
  }
  return cell;
}

Section cpu_section(const MachineProfile& machine) {
  const CpuProfile& cpu = machine.cpu;
  Section section;
  section.title = "Processor";
  section.fields = {
      {"Name", processor_cell(cpu)},
      {"Cores", core_count_cell(cpu)},
      {"Usable now", shown(cpu.usable_cpus,
                           [](std::uint32_t count) {
                             return fmt::format("{} thread{}", count, count == 1 ? "" : "s");
                           })},
      {"Instructions", instructions_cell(cpu)},
      {"Caches", cpu.caches.is_known() ? caches_cell(cpu) : not_known(cpu.caches)},
      {"Top clock", shown(cpu.max_frequency_hertz,
                          [](double hertz) { return fmt::format("{:.2f} GHz", hertz / 1e9); })},
  };
  if (cpu.governor.is_known()) section.fields.push_back({"Governor", text_shown(cpu.governor)});
  return section;
}

Cell limit_cell(const MemoryProfile& memory) {
  if (!memory.limit.is_known()) return not_known(memory.limit);
  std::string text = human_bytes(memory.limit.value());
  if (memory.limit_headroom.is_known()) {
    text += fmt::format(", {} of it left", human_bytes(memory.limit_headroom.value()));
  }
  return {fmt::format("{} ({})", text, printable(memory.limit.source(), 160)), Tone::warning};
}

Section memory_section(const MachineProfile& machine) {
  const MemoryProfile& memory = machine.memory;
  Section section;
  section.title = "Memory";
  section.fields = {
      {"Installed", bytes_shown(memory.total)},
      {"Available", bytes_shown(memory.available)},
      {"Limit", limit_cell(memory)},
      {"For a model", bytes_shown(machine.usable_memory())},
      {"Swap", shown(memory.swap_total,
                     [](Bytes bytes) {
                       return bytes.value == 0 ? std::string("none") : human_bytes(bytes);
                     })},
      {"Bandwidth", shown(memory.theoretical_bandwidth_bytes_per_second,
                          [](double rate) {
                            return fmt::format("{} GB/s by the modules", figure(rate / 1e9));
                          })},
  };
  // Tasks that waited for memory a tenth of the last seconds: the machine is thrashing.
  constexpr double k_thrashing_percent = 10.0;
  if (memory.pressure_avg10.value_or(0.0) > k_thrashing_percent) {
    section.fields.push_back(
        {"Pressure",
         {fmt::format("{:.0f} % of the last 10 s were spent waiting for memory",
                      memory.pressure_avg10.value()),
          Tone::warning}});
  }
  return section;
}

std::string gpu_memory_text(const GpuProfile& gpu) {
  std::string text;
  if (gpu.memory.is_known()) {
    const bool unified =
        gpu.memory_kind.is_known() && gpu.memory_kind.value() == DeviceMemoryKind::unified;
    text = human_bytes(gpu.memory.value()) + (unified ? " carved out of system memory" : " memory");
  } else if (gpu.memory.state() == FactState::absent) {
    text = "uses system memory";
  } else {
    text = fmt::format("memory unknown: {}", printable(gpu.memory.reason(), 120));
  }
  return text;
}

Cell gpu_cell(const GpuProfile& gpu) {
  const bool computes = !gpu.name.is_known() || gpu.name.value() != k_display_adapter_name;
  if (!computes) return {printable(gpu.name.value()), Tone::plain};
  std::string text = gpu.name.is_known()
                         ? printable(gpu.name.value(), 120)
                         : fmt::format("device {:04x}:{:04x}", gpu.vendor_id, gpu.device_id);
  text += fmt::format(", {}", gpu_memory_text(gpu));
  if (gpu.compute_units.is_known()) {
    text += fmt::format(", {} compute units", gpu.compute_units.value());
  }
  text += gpu.driver.is_known() ? fmt::format(", driver {}", printable(gpu.driver.value(), 40))
                                : std::string(", no driver");
  return {text, Tone::plain};
}

std::string tops_text(const NpuProfile& npu) {
  if (!npu.tops_low.is_known() || !npu.tops_high.is_known()) return {};
  const double low = npu.tops_low.value();
  const double high = npu.tops_high.value();
  return low == high ? fmt::format(", {} TOPS published", figure(high))
                     : fmt::format(", {} to {} TOPS published", figure(low), figure(high));
}

Cell npu_cell(const NpuProfile& npu) {
  std::string text = printable(npu.name, 120) + tops_text(npu);
  if (!npu.driver.is_known()) return {text + ", no driver: not usable", Tone::warning};
  text += fmt::format(", driver {}", printable(npu.driver.value(), 40));
  if (npu.device_node.is_known())
    text += fmt::format(", {}", printable(npu.device_node.value(), 60));
  if (npu.accessible.is_known() && !npu.accessible.value()) {
    return {text + " (not open to this user: join the group render)", Tone::warning};
  }
  return {text, Tone::plain};
}

Section devices_section(const MachineProfile& machine) {
  Section section;
  section.title = "Accelerators";
  for (const GpuProfile& gpu : machine.gpus) {
    section.fields.push_back({fmt::format("GPU {}", printable(gpu.vendor, 30)), gpu_cell(gpu)});
  }
  if (machine.gpus.empty()) {
    section.fields.push_back(
        {"GPU", shown(machine.gpu_count, [](std::uint32_t) { return std::string("none found"); })});
  }
  for (const NpuProfile& npu : machine.npus) section.fields.push_back({"NPU", npu_cell(npu)});
  if (machine.npus.empty()) {
    section.fields.push_back(
        {"NPU", shown(machine.npu_count, [](std::uint32_t) { return std::string("none found"); })});
  }
  return section;
}

Cell system_cell(const OsProfile& os) {
  Cell cell = text_shown(os.name);
  if (os.wsl.value_or(false)) cell.text += ", in WSL (the memory is the virtual machine's)";
  return cell;
}

Cell kernel_cell(const OsProfile& os) {
  Cell cell = text_shown(os.kernel);
  if (os.architecture.is_known()) {
    cell.text += fmt::format("{}{}", os.kernel.is_known() ? ", " : "; ",
                             printable(os.architecture.value(), 40));
  }
  return cell;
}

Cell power_cell(const PowerProfile& power) {
  Cell cell = shown(power.on_battery, [](bool battery) {
    return std::string(battery ? "on battery: speeds may be lower than on mains" : "on mains");
  });
  if (power.on_battery.value_or(false)) cell.tone = Tone::warning;
  if (power.platform_profile.is_known()) {
    cell.text += fmt::format(", profile {}", printable(power.platform_profile.value(), 40));
  }
  return cell;
}

Cell storage_cell(const StorageProfile& storage) {
  if (!storage.free.is_known()) return not_known(storage.free);
  return {fmt::format("{} free for results{}", human_bytes(storage.free.value()),
                      storage.filesystem.is_known()
                          ? fmt::format(" ({})", printable(storage.filesystem.value(), 40))
                          : std::string()),
          Tone::plain};
}

Section system_section(const MachineProfile& machine) {
  Section section;
  section.title = "System";
  section.fields = {
      {"OS", system_cell(machine.os)},
      {"Kernel", kernel_cell(machine.os)},
      {"Hypervisor", text_shown(machine.os.hypervisor, "none: bare metal")},
      {"Container", text_shown(machine.os.container)},
      {"Power", power_cell(machine.power)},
      {"Storage", storage_cell(machine.storage)},
      {"Machine id", {printable(machine.id, 64), Tone::plain}},
  };
  return section;
}

/// "cpu.caches" for "/cpu/caches", as people type it.
std::string dotted(std::string_view pointer) {
  std::string name(pointer.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

Section sources_section(const DocumentNotes& notes) {
  Section section;
  section.title = "Where it comes from";
  for (const auto& [pointer, source] : notes.sources) {
    section.fields.push_back({dotted(pointer), {printable(source, 400), Tone::plain}});
  }
  for (const auto& [pointer, reason] : notes.reasons) {
    section.fields.push_back(
        {dotted(pointer), {"unknown: " + printable(reason, 400), Tone::faint}});
  }
  std::sort(section.fields.begin(), section.fields.end(),
            [](const Field& a, const Field& b) { return a.label < b.label; });
  return section;
}

/// A value of the JSON form in one line.
std::string value_text(const Json& value) {
  if (value.is_string()) return printable(value.get<std::string>(), 400);
  const bool words = value.is_array() && !value.empty() && value[0].is_string();
  if (words)
    return printable(fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), " ")),
                     1000);
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 1000);
}

Section fact_section(const Json& machine, const DocumentNotes& notes, const std::string& pointer) {
  Section section;
  section.title = dotted(pointer);
  const auto reason = notes.reasons.find(pointer);
  if (reason != notes.reasons.end()) {
    section.fields.push_back({"Unknown", {printable(reason->second, 400), Tone::plain}});
    const std::string_view advice = remedy_for(reason->second);
    if (!advice.empty()) section.fields.push_back({"Remedy", {std::string(advice), Tone::plain}});
    return section;
  }
  const Json& value = machine.at(Json::json_pointer(pointer));
  section.fields = {{"Value", {value.is_null() ? "none" : value_text(value), Tone::plain}},
                    {"From", {printable(notes.sources.at(pointer), 400), Tone::plain}}};
  return section;
}

}  // namespace

std::string render_profile(const MachineProfile& profile, bool verbose,
                           const RenderOptions& options) {
  std::vector<Section> sections{cpu_section(profile), memory_section(profile),
                                devices_section(profile), system_section(profile)};
  if (profile.root != "/" && !profile.root.empty()) {
    sections.front().title = fmt::format("Processor (recorded: {})", printable(profile.root));
  }
  if (verbose) {
    DocumentNotes notes;
    (void)profile_to_json(profile, "", notes);
    sections.push_back(sources_section(notes));
  }
  return draw_sections(sections, options);
}

Result<std::string> explain_fact(const MachineProfile& profile, std::string_view name,
                                 const RenderOptions& options) {
  DocumentNotes notes;
  const Json machine = profile_to_json(profile, "", notes);
  std::string wanted(name);
  std::replace(wanted.begin(), wanted.end(), '.', '/');
  if (!wanted.starts_with('/')) wanted.insert(0, "/");
  std::vector<std::string> pointers;
  for (const auto& [pointer, source] : notes.sources) pointers.push_back(pointer);
  for (const auto& [pointer, reason] : notes.reasons) pointers.push_back(pointer);
  std::sort(pointers.begin(), pointers.end());
  std::vector<Section> found;
  const auto collect = [&](auto fits) {
    for (const std::string& pointer : pointers) {
      if (fits(pointer)) found.push_back(fact_section(machine, notes, pointer));
    }
  };
  collect([&](const std::string& pointer) { return pointer.ends_with(wanted); });
  if (found.empty() && name.size() >= 3) {  // a part of the name is enough when nothing ends so
    collect([&](const std::string& pointer) {
      return pointer.find(wanted.substr(1)) != std::string::npos;
    });
  }
  if (found.empty()) {
    std::vector<std::string> names;
    for (const std::string& pointer : pointers) names.push_back(dotted(pointer));
    const auto near = nearest_names(name, names);
    return fail(ErrorCode::usage, fmt::format("unknown fact '{}'", printable(name, 80)), {},
                near.empty() ? "`assay probe --verbose` lists them all"
                             : fmt::format("did you mean {}?", fmt::join(near, " or ")));
  }
  return draw_sections(found, options);
}

}  // namespace assay
