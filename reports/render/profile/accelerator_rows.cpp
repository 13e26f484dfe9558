#include <fmt/format.h>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

bool computes(const GpuProfile& gpu) {
  return !gpu.name.is_known() || gpu.name.value() != k_display_adapter_name;
}

std::string gpu_name(const GpuProfile& gpu) {
  const std::string name = gpu.name.is_known()
                               ? printable(gpu.name.value(), 120)
                               : fmt::format("device {:04x}:{:04x}", gpu.vendor_id, gpu.device_id);
  const std::string vendor = printable(gpu.vendor, 40);
  return name.starts_with(vendor) ? name : fmt::format("{} {}", vendor, name);
}

/// Empty when it is unknown: that has a row of its own.
std::string gpu_memory(const GpuProfile& gpu) {
  if (gpu.memory.state() == FactState::absent) return ", uses system memory";
  if (!gpu.memory.is_known()) return {};
  const bool unified =
      gpu.memory_kind.is_known() && gpu.memory_kind.value() == DeviceMemoryKind::unified;
  return fmt::format(", {}{}", human_bytes(gpu.memory.value()),
                     unified ? " carved out of system memory" : " memory");
}

std::string numbered(std::string_view kind, std::size_t index, std::size_t count) {
  return count == 1 ? std::string(kind) : fmt::format("{} {}", kind, index);
}

void add_gpu(const std::string& label, const GpuProfile& gpu, FactRows& rows) {
  if (!computes(gpu)) {
    rows.row("Display", {gpu_name(gpu), Tone::plain});
    return;
  }
  std::string text = gpu_name(gpu) + gpu_memory(gpu);
  if (gpu.compute_units.is_known()) {
    text += fmt::format(", {} compute units", gpu.compute_units.value());
  }
  if (!gpu.driver.is_known()) {
    rows.row(label, {text + ", no driver: not usable", Tone::warning});
  } else {
    rows.row(label,
             {text + fmt::format(", driver {}", printable(gpu.driver.value(), 40)), Tone::plain});
  }
  if (gpu.memory.state() == FactState::unknown) {
    rows.unknown(label + " memory", gpu.memory.reason());
  }
}

std::string published_peak(const NpuProfile& npu) {
  if (!npu.tops_low.is_known() || !npu.tops_high.is_known()) return {};
  const double low = npu.tops_low.value();
  const double high = npu.tops_high.value();
  return low == high ? fmt::format(", {} TOPS published", figure(high))
                     : fmt::format(", {} to {} TOPS published", figure(low), figure(high));
}

void add_npu(const std::string& label, const NpuProfile& npu, FactRows& rows) {
  std::string text = printable(npu.name, 120) + published_peak(npu);
  if (!npu.driver.is_known()) {
    rows.row(label, {text + ", no driver: not usable", Tone::warning});
    return;
  }
  text += fmt::format(", driver {}", printable(npu.driver.value(), 40));
  if (npu.device_node.is_known()) {
    text += fmt::format(", {}", printable(npu.device_node.value(), 60));
  }
  if (npu.accessible.is_known() && !npu.accessible.value()) {
    rows.row(label, {text + " (not open to this user: join the group render)", Tone::warning});
    return;
  }
  rows.row(label, {std::move(text), Tone::plain});
}

/// Two empty lists are one row; an empty list that nobody could look at is unknown.
void add_absent(const MachineProfile& machine, FactRows& rows) {
  const auto none = [](const auto& devices, const Fact<std::uint32_t>& count) {
    return devices.empty() && count.state() != FactState::unknown;
  };
  const bool no_gpu = none(machine.gpus, machine.gpu_count);
  const bool no_npu = none(machine.npus, machine.npu_count);
  if (no_gpu && no_npu) {
    rows.row("GPU, NPU", {"none found", Tone::plain});
  } else if (no_gpu) {
    rows.row("GPU", {"none found", Tone::plain});
  } else if (no_npu) {
    rows.row("NPU", {"none found", Tone::plain});
  }
  if (machine.gpus.empty() && !no_gpu) rows.unknown("GPU", machine.gpu_count.reason());
  if (machine.npus.empty() && !no_npu) rows.unknown("NPU", machine.npu_count.reason());
}

}  // namespace

Section accelerator_rows(const MachineProfile& machine) {
  FactRows rows("Accelerators");
  for (std::size_t i = 0; i < machine.gpus.size(); ++i) {
    add_gpu(numbered("GPU", i, machine.gpus.size()), machine.gpus[i], rows);
  }
  for (std::size_t i = 0; i < machine.npus.size(); ++i) {
    add_npu(numbered("NPU", i, machine.npus.size()), machine.npus[i], rows);
  }
  add_absent(machine, rows);
  return rows.take();
}

}  // namespace assay
