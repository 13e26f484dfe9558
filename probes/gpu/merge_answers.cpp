#include "probes/gpu/merge_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <type_traits>

#include "probes/gpu/driver_files.hpp"

namespace assay {
namespace {

using State = LibraryAnswer::State;

/// Whether a card's address or ids are those of a library's device.
bool is_same(const GpuProfile& gpu, const GpuProfile& told) {
  if (gpu.software != told.software) return false;
  if (!gpu.pci_address.empty() && !told.pci_address.empty()) {
    // Partitions of one device differ in the function's number, after the point.
    const auto slot = [](const std::string& address) {
      return address.substr(0, address.find('.'));
    };
    return gpu.pci_address == told.pci_address ||
           (gpu.vendor_id == told.vendor_id && gpu.partitions.is_known() &&
            slot(gpu.pci_address) == slot(told.pci_address));
  }
  // Several libraries list one software device under names of their own: only equal names meet.
  if (gpu.software) return gpu.name.value_or("") == told.name.value_or("?");
  const bool same_device =
      gpu.device_id == told.device_id || gpu.device_id == 0 || told.device_id == 0;
  return gpu.vendor_id == told.vendor_id && gpu.vendor_id != 0 && same_device;
}

/// The first to know wins, and so does a driver's "there is none"; an error is a better reason than
/// none.
template <typename T>
void take(Fact<T>& fact, const Fact<T>& told) {
  if (fact.state() != FactState::unknown) return;
  const bool error = told.reason().starts_with("driver error");
  if (told.state() != FactState::unknown || error) fact = told;
}

void merge(const GpuProfile& told, GpuProfile& gpu) {
  if (gpu.pci_address.empty()) gpu.pci_address = told.pci_address;
  if (gpu.device_id == 0) gpu.device_id = told.device_id;
  take(gpu.memory_kind, told.memory_kind);
  for_each_gpu_fact(gpu, told,
                    [](std::string_view, auto& fact, const auto& other) { take(fact, other); });
}

/// The kind of memory that the kernel's driver tells overrules what files let one conclude.
void merge_driver(const GpuProfile& told, GpuProfile& gpu) {
  if (told.memory_kind.is_known()) gpu.memory_kind = told.memory_kind;
  if (told.theoretical_bandwidth_bytes_per_second.is_known()) {
    gpu.theoretical_bandwidth_bytes_per_second = told.theoretical_bandwidth_bytes_per_second;
  }
  merge(told, gpu);
}

/// Which GPU a library's device is. One that is listed twice (two drivers for one card, partitions
/// of one) stays one; equal cards without addresses are told apart by their order.
std::optional<std::size_t> find_gpu(const std::vector<GpuProfile>& gpus, const GpuProfile& told,
                                    const std::set<std::size_t>& taken) {
  std::optional<std::size_t> found;
  for (std::size_t index = 0; index < gpus.size(); ++index) {
    if (!is_same(gpus[index], told)) continue;
    if (!taken.contains(index)) return index;
    if (!found) found = index;
  }
  return found;
}

/// A device that no bus shows, as a library tells it.
GpuProfile added_gpu(const GpuProfile& told, const std::string& library) {
  GpuProfile gpu = unknown_gpu(library + " does not tell");
  gpu.vendor_id = told.vendor_id;
  gpu.vendor = told.vendor.empty() ? fmt::format("vendor 0x{:04x}", told.vendor_id) : told.vendor;
  gpu.software = told.software;
  if (gpu.software) gpu.vendor = "software";
  merge(told, gpu);
  return gpu;
}

void merge_devices(const LibraryAnswer& answer, std::vector<GpuProfile>& gpus) {
  std::set<std::size_t> taken;
  std::vector<GpuProfile> others;
  for (const GpuProfile& told : answer.devices) {
    if (const auto index = find_gpu(gpus, told, taken)) {
      taken.insert(*index);
      answer.library == VendorLibrary::drm ? merge_driver(told, gpus[*index])
                                           : merge(told, gpus[*index]);
      continue;
    }
    const bool listed = std::any_of(others.begin(), others.end(), [&told](const auto& other) {
      return !told.pci_address.empty() && is_same(other, told);
    });
    if (!listed) others.push_back(told);
  }
  for (const GpuProfile& other : others) gpus.push_back(added_gpu(other, answer.name));
}

/// Where one sees whether a library knows a device.
Fact<std::string>& version_fact(VendorLibrary library, GpuProfile& gpu) {
  switch (library) {
    case VendorLibrary::level_zero:
      return gpu.level_zero_version;
    case VendorLibrary::vulkan:
      return gpu.vulkan_version;
    case VendorLibrary::opencl:
      return gpu.opencl_version;
    case VendorLibrary::nvml:
    case VendorLibrary::drm:
      break;
  }
  return gpu.cuda_version;
}

bool concerns(VendorLibrary library, const GpuProfile& gpu) {
  if (library == VendorLibrary::drm) return false;
  if (library == VendorLibrary::nvml) return gpu.vendor_id == k_nvidia_vendor;
  if (library == VendorLibrary::level_zero) return gpu.vendor_id == k_intel_vendor;
  return true;
}

void say_why(const LibraryAnswer& answer, GpuProfile& gpu) {
  Fact<std::string>& version = version_fact(answer.library, gpu);
  if (version.is_known()) return;
  if (!concerns(answer.library, gpu)) {
    if (answer.library == VendorLibrary::nvml) {
      version = Fact<std::string>::absent("not an NVIDIA part");
    } else if (answer.library == VendorLibrary::level_zero) {
      version = Fact<std::string>::absent("not an Intel part");
    }
    return;
  }
  switch (answer.state) {
    case State::answered:
      version = Fact<std::string>::absent(answer.name + " does not list it");
      break;
    case State::missing:
      version = Fact<std::string>::absent(answer.words);
      break;
    case State::failed:
    case State::not_asked:
      version = Fact<std::string>::unknown(answer.words);
      break;
  }
  const bool unknown_memory =
      gpu.memory.state() == FactState::unknown && !gpu.memory.reason().starts_with("driver error");
  if (answer.library == VendorLibrary::nvml && unknown_memory) {
    gpu.memory = Fact<Bytes>::unknown(
        answer.state == State::answered ? "NVML does not list the card" : answer.words);
  }
}

}  // namespace

GpuProfile unknown_gpu(const std::string& reason) {
  GpuProfile gpu;
  gpu.memory_kind = Fact<DeviceMemoryKind>::unknown(reason);
  for_each_gpu_fact(gpu, gpu, [&reason](const char*, auto& fact, const auto&) {
    fact = std::decay_t<decltype(fact)>::unknown(reason);
  });
  return gpu;
}

void merge_answers(const std::vector<LibraryAnswer>& answers, std::vector<GpuProfile>& gpus) {
  for (const LibraryAnswer& answer : answers) merge_devices(answer, gpus);
  for (const LibraryAnswer& answer : answers) {
    for (GpuProfile& gpu : gpus) say_why(answer, gpu);
  }
  std::stable_partition(gpus.begin(), gpus.end(),
                        [](const GpuProfile& gpu) { return !gpu.software; });
}

}  // namespace assay
