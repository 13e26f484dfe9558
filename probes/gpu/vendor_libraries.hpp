#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/host_view.hpp"
#include "base/result.hpp"
#include "probes/gpu/pci_devices.hpp"
#include "probes/profile/gpu_profile.hpp"

namespace assay {

enum class VendorLibrary { nvml, level_zero, vulkan, opencl, drm };

/// What one vendor's library says of the GPUs; devices hold only the facts that it told.
struct LibraryAnswer {
  enum class State { answered, missing, failed, not_asked };

  VendorLibrary library = VendorLibrary::nvml;
  std::string name;  // "NVML"
  State state = State::not_asked;
  std::string words;  // of any state but answered: "Vulkan loader not installed (libvulkan.so.1)"
  std::vector<GpuProfile> devices;
};

/// Loads each library that this host may load in a child process of its own, all at once, at most
/// 4 seconds. A library whose devices cannot be there is not loaded: `bus` holds the PCI functions,
/// nothing when the bus is not visible. `render_nodes` are the devices whose driver is asked
/// through its device file (PCI address and driver in the profile).
std::vector<LibraryAnswer> ask_vendor_libraries(const HostView& host,
                                                const std::optional<std::vector<PciDevice>>& bus,
                                                const std::vector<GpuProfile>& render_nodes);

}  // namespace assay
