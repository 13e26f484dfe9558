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

/// What a model may use of it, and whose memory that is. Empty when it is unknown: that has a row
/// of its own.
std::string gpu_memory(const GpuProfile& gpu) {
  const bool kind_known = gpu.memory_kind.is_known();
  const bool own = kind_known && gpu.memory_kind.value() == DeviceMemoryKind::dedicated;
  if ((own || !kind_known) && gpu.memory.is_known()) {
    std::string text =
        fmt::format("{} memory{}", human_bytes(gpu.memory.value()), own ? " of its own" : "");
    if (gpu.usable_memory.is_known() && gpu.usable_memory.value() < gpu.memory.value()) {
      text += fmt::format(", {} for a model", human_bytes(gpu.usable_memory.value()));
    }
    return text;
  }
  if (own || (!kind_known && gpu.memory.state() == FactState::unknown)) return {};
  std::string text = "uses system memory";
  if (gpu.usable_memory.is_known()) {
    text += fmt::format(", up to {} for a model", human_bytes(gpu.usable_memory.value()));
  }
  if (gpu.memory.is_known() && gpu.memory.value() != Bytes()) {
    text += fmt::format(", {} carved out", human_bytes(gpu.memory.value()));
  }
  return text;
}

/// What makes it quick: "fp16, int8 dot products, matrix units".
std::string gpu_features(const GpuProfile& gpu) {
  std::vector<std::string> features;
  if (gpu.compute_units.is_known()) {
    features.push_back(fmt::format("{} compute units", gpu.compute_units.value()));
  }
  if (gpu.theoretical_bandwidth_bytes_per_second.is_known()) {
    features.push_back(fmt::format(
        "{} GB/s at most", figure(gpu.theoretical_bandwidth_bytes_per_second.value() / 1e9)));
  }
  if (gpu.fp16.value_or(false)) features.emplace_back("fp16");
  if (gpu.bfloat16.value_or(false)) features.emplace_back("bf16");
  if (gpu.int8_dot_product.value_or(false)) features.emplace_back("int8 dot products");
  if (!gpu.cooperative_matrix.value_or({}).empty()) features.emplace_back("matrix units");
  return fmt::format("{}", fmt::join(features, ", "));
}

/// "driver amdgpu 6.8, Vulkan 1.3.274"
std::string gpu_software(const GpuProfile& gpu) {
  std::string text = "driver " + printable(gpu.driver.value(), 40);
  if (gpu.driver_version.is_known()) text += " " + printable(gpu.driver_version.value(), 40);
  using Interface = std::pair<const char*, const Fact<std::string>*>;
  for (const auto& [name, version] :
       {Interface{"Vulkan", &gpu.vulkan_version}, Interface{"CUDA", &gpu.cuda_version}}) {
    if (version->is_known()) text += fmt::format(", {} {}", name, printable(version->value(), 40));
  }
  return text;
}

std::string numbered(std::string_view kind, std::size_t index, std::size_t count) {
  return count == 1 ? std::string(kind) : fmt::format("{} {}", kind, index);
}

void add_gpu(const std::string& label, const GpuProfile& gpu, FactRows& rows) {
  std::string text = gpu_name(gpu);
  const std::string memory = gpu_memory(gpu);
  if (!memory.empty()) text += ", " + memory;
  if (!gpu.driver.is_known()) {
    rows.row(label, {text + ", no driver: not usable", Tone::warning});
  } else {
    rows.row(label, {text, Tone::plain});
    const std::string features = gpu_features(gpu);
    rows.row("", {fmt::format("{}{}{}", features, features.empty() ? "" : "; ", gpu_software(gpu)),
                  Tone::plain});
  }
  if (memory.empty()) rows.unknown(label + " memory", gpu.memory.reason());
}

void add_gpus(const std::vector<GpuProfile>& gpus, FactRows& rows) {
  const auto is_hardware = [](const GpuProfile& gpu) { return !gpu.software && computes(gpu); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(gpus, is_hardware));
  std::size_t index = 0;
  for (const GpuProfile& gpu : gpus) {
    if (is_hardware(gpu)) add_gpu(numbered("GPU", index++, count), gpu, rows);
  }
  std::vector<std::string> software;
  for (const GpuProfile& gpu : gpus) {
    if (gpu.software) {
      software.push_back(printable(gpu.name.value_or(gpu.vendor), 120));
    } else if (!computes(gpu)) {
      rows.row("Display", {gpu_name(gpu), Tone::plain});
    }
  }
  if (software.empty()) return;
  rows.row("Emulated GPU",
           {fmt::format("{} (software, not used)", fmt::join(software, ", ")), Tone::faint});
}

std::string published_peak(const NpuProfile& npu) {
  if (!npu.tops_low.is_known() || !npu.tops_high.is_known()) return {};
  const double low = npu.tops_low.value();
  const double high = npu.tops_high.value();
  return low == high ? fmt::format(", {} TOPS published", figure(high))
                     : fmt::format(", {} to {} TOPS published", figure(low), figure(high));
}

/// What lacks before programs can use it, and what to do about it; empty when nothing is known to.
std::string npu_lack(const NpuProfile& npu) {
  if (npu.driver.state() == FactState::absent) {
    return "no driver: not usable; a newer kernel or its firmware may bring one";
  }
  if (npu.device_node.state() == FactState::absent) {
    return "no device node: not usable; the system's log says why its driver made none";
  }
  if (npu.accessible.is_known() && !npu.accessible.value()) {
    return "not open to this user: join the group render";
  }
  if (npu.runtime.state() == FactState::absent) {
    return "no runtime: not usable until its maker's is installed";
  }
  return {};
}

void add_npu(const std::string& label, const NpuProfile& npu, FactRows& rows) {
  std::string text = printable(npu.name, 120) + published_peak(npu);
  if (npu.driver.is_known()) text += fmt::format(", driver {}", printable(npu.driver.value(), 40));
  if (npu.runtime.is_known()) {
    text += fmt::format(", runtime {}", printable(npu.runtime.value(), 80));
  }
  const std::string lack = npu_lack(npu);
  if (!lack.empty()) {
    rows.row(label, {fmt::format("{}, {}", text, lack), Tone::warning});
  } else {
    rows.row(label, {std::move(text), Tone::plain});
    if (npu.usable.state() == FactState::unknown) {
      rows.unknown(label + " usable", npu.usable.reason());
    }
  }
}

/// Two empty lists are one row; an empty list that nobody could look at is unknown.
void add_absent(const MachineProfile& machine, FactRows& rows) {
  const bool no_gpu =
      hardware_gpus(machine.gpus) == 0 && machine.gpu_count.state() != FactState::unknown;
  const bool no_npu = machine.npus.empty() && machine.npu_count.state() != FactState::unknown;
  if (no_gpu && no_npu) {
    rows.row("GPU, NPU", {"none found", Tone::plain});
  } else if (no_gpu) {
    rows.row("GPU", {"none found", Tone::plain});
  } else if (no_npu) {
    rows.row("NPU", {"none found", Tone::plain});
  }
  if (hardware_gpus(machine.gpus) == 0 && !no_gpu) rows.unknown("GPU", machine.gpu_count.reason());
  if (machine.npus.empty() && !no_npu) rows.unknown("NPU", machine.npu_count.reason());
}

}  // namespace

Section accelerator_rows(const MachineProfile& machine) {
  FactRows rows("Accelerators");
  add_gpus(machine.gpus, rows);
  for (std::size_t i = 0; i < machine.npus.size(); ++i) {
    add_npu(numbered("NPU", i, machine.npus.size()), machine.npus[i], rows);
  }
  add_absent(machine, rows);
  return rows.take();
}

}  // namespace assay
