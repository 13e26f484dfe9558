#include "advisor/gpu_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/gpu_memory.hpp"
#include "advisor/hardware_calibration.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// The table has the fastest memory that a GPU without its own is sold with; a machine may have
/// less of it.
GraphicsCard as_built_in(const GraphicsCard& card, const MachineProfile& machine) {
  GraphicsCard built_in = card;
  const auto rated = plausible_bandwidth(machine.memory.theoretical_bandwidth_bytes_per_second);
  if (card.shared_with_cpu && rated) {
    built_in.bandwidth_bytes_per_second = std::min(card.bandwidth_bytes_per_second, *rated);
  }
  return built_in;
}

std::string shown_name(const GpuProfile& gpu) {
  if (gpu.name.is_known()) return printable(gpu.name.value(), 60);
  const std::string vendor = printable(gpu.vendor, 20);
  return gpu.device_id == 0
             ? vendor + " GPU"
             : fmt::format("{} GPU {:04x}:{:04x}", vendor, gpu.vendor_id, gpu.device_id);
}

/// As the table has it, else as its driver describes it.
Result<GraphicsCard> card_of(const HardwareTable& table, const GpuProfile& gpu) {
  auto found = find_gpu(table, gpu);
  if (found) return found;
  const auto bandwidth = plausible_bandwidth(gpu.theoretical_bandwidth_bytes_per_second);
  if (!bandwidth || !gpu.memory_kind.is_known()) return found;
  GraphicsCard card;
  card.name = shown_name(gpu);
  card.bandwidth_bytes_per_second = *bandwidth;
  card.shared_with_cpu = gpu.memory_kind.value() != DeviceMemoryKind::dedicated;
  card.source = gpu.theoretical_bandwidth_bytes_per_second.source();
  return card;
}

bool computes(const GpuProfile& gpu) {
  return !gpu.software && !(gpu.name.is_known() && gpu.name.value() == k_display_adapter_name);
}

GpuPlace place_of(const GpuProfile& gpu, const MachineProfile& machine,
                  const Fact<Bytes>& available, const HardwareTable& table) {
  GpuPlace place;
  place.name = shown_name(gpu);
  const auto found = card_of(table, gpu);
  if (!found) {
    place.memory = gpu.usable_memory;
    place.why_unknown = found.error().message;
    return place;
  }
  const GraphicsCard card = as_built_in(*found, machine);
  place.name = card.name;
  place.source = card.source;
  place.shared_with_cpu = card.shared_with_cpu;
  place.bandwidth_is_known =
      !card.shared_with_cpu ||
      plausible_bandwidth(machine.memory.theoretical_bandwidth_bytes_per_second).has_value();
  place.memory = memory_for_model(card, gpu, machine.memory.total, available);
  if (!place.memory.is_known()) {
    place.why_unknown = place.memory.reason();
    return place;
  }
  auto calibration = calibration_of_hardware({.gpu = &card});
  if (calibration) {
    place.calibration = std::move(*calibration);
  } else {
    place.why_unknown = calibration.error().message;
  }
  return place;
}

}  // namespace

std::vector<GpuPlace> gpu_places(const MachineProfile& machine, const Fact<Bytes>& available,
                                 const HardwareTable& table) {
  std::vector<GpuPlace> places;
  for (const GpuProfile& gpu : machine.gpus) {
    if (computes(gpu)) places.push_back(place_of(gpu, machine, available, table));
  }
  return places;
}

}  // namespace assay
