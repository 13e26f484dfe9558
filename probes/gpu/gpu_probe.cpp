#include "probes/gpu/gpu_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "base/text.hpp"
#include "probes/gpu/driver_files.hpp"
#include "probes/gpu/gpu_numa_nodes.hpp"
#include "probes/gpu/merge_answers.hpp"
#include "probes/gpu/pci_devices.hpp"
#include "probes/gpu/usable_memory.hpp"
#include "probes/gpu/vendor_libraries.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_display_class = 0x03;
constexpr std::uint32_t k_accelerator_class = 0x12;

struct Vendor {
  std::uint16_t id;
  std::string_view name;
  bool computes;  // false: drives a screen only (server consoles, emulated adapters)
};

// Source: the PCI-SIG's list of vendor ids.
constexpr std::array k_vendors{
    Vendor{k_nvidia_vendor, "NVIDIA", true}, Vendor{k_amd_vendor, "AMD", true},
    Vendor{k_intel_vendor, "Intel", true},   Vendor{0x1ed5, "Moore Threads", true},
    Vendor{0x5143, "Qualcomm", true},        Vendor{0x1010, "Imagination", true},
    Vendor{0x1a03, "ASPEED", false},         Vendor{0x102b, "Matrox", false},
    Vendor{0x1013, "Cirrus Logic", false},   Vendor{0x1234, "QEMU", false},
    Vendor{0x1af4, "virtio", false},         Vendor{0x1b36, "QXL", false},
    Vendor{0x15ad, "VMware", false},         Vendor{0x80ee, "VirtualBox", false},
    Vendor{0x1414, "Hyper-V", false},
};

const Vendor* find_vendor(std::uint16_t id) {
  for (const Vendor& vendor : k_vendors) {
    if (vendor.id == id) return &vendor;
  }
  return nullptr;
}

void describe_name(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  if (gpu.name.is_known()) return;
  const std::string path = device.folder + "/product_name";
  const auto product = host.read_text(path, 4096);
  if (product && !trim(*product).empty()) {
    gpu.name = Fact<std::string>::known(printable(trim(*product), 120), path);
  } else if (const auto name = pci_ids_name(host, device.vendor_id, device.device_id)) {
    gpu.name = Fact<std::string>::known(*name, "pci.ids");
  } else {
    gpu.name = Fact<std::string>::unknown("the driver does not name it, and there is no pci.ids");
  }
}

Fact<std::string> driver_of(const HostView& host, const std::string& folder) {
  const std::string link = folder + "/driver";
  if (const auto driver = host.link_name(link)) {
    return Fact<std::string>::known(printable(*driver, 60), link);
  }
  return Fact<std::string>::absent("no driver is bound to it");
}

std::string vendor_name(const HostView& host, const PciDevice& device, const Vendor* vendor) {
  if (vendor != nullptr) return std::string(vendor->name);
  if (device.vendor_id != 0) return fmt::format("vendor 0x{:04x}", device.vendor_id);
  // The recording lacks the ids; NVIDIA's driver lists the cards that are its own.
  const bool nvidia = host.exists(fmt::format("/proc/driver/nvidia/gpus/{}", device.address));
  return nvidia ? "NVIDIA" : "vendor not recorded";
}

/// Source: PCI Code and ID Assignment Specification, base classes 03h and 12h.
std::string class_name(std::uint32_t device_class) {
  switch (device_class >> 8U) {
    case 0x0300:
      return "VGA controller";
    case 0x0302:
      return "3D controller";
    case 0x1200:
      return "processing accelerator";
    default:
      return "display controller";
  }
}

GpuProfile describe_gpu(const HostView& host, const PciDevice& device) {
  GpuProfile gpu = unknown_gpu("the driver's files do not show it");
  gpu.pci_address = device.address;
  gpu.vendor_id = device.vendor_id;
  gpu.device_id = device.device_id;
  const Vendor* vendor = find_vendor(device.vendor_id);
  gpu.vendor = vendor_name(host, device, vendor);
  gpu.driver = driver_of(host, device.folder);
  gpu.device_class = Fact<std::string>::known(class_name(device.device_class), "PCI class");
  if (vendor != nullptr && !vendor->computes) {
    gpu.name = Fact<std::string>::known(std::string(k_display_adapter_name), "PCI vendor");
    return gpu;
  }
  describe_pcie_link(host, device, gpu);
  const auto version = host.read_text(device.folder + "/driver/module/version", 4096);
  if (version && !trim(*version).empty()) {
    gpu.driver_version =
        Fact<std::string>::known(printable(trim(*version), 60), "/sys/module version");
  }
  // A recording without ids may still hold what NVIDIA's driver lists.
  if (device.vendor_id == k_nvidia_vendor || gpu.vendor == "NVIDIA") {
    describe_nvidia(host, device, gpu);
  }
  if (device.vendor_id == k_amd_vendor) describe_amd(host, device, gpu);
  if (device.vendor_id == k_intel_vendor) describe_intel(host, device, gpu);
  describe_name(host, device, gpu);
  return gpu;
}

/// Displays, and the accelerators of makers of GPUs that have no display class (AMD Instinct).
bool is_gpu(const PciDevice& device) {
  const std::uint32_t base_class = device.device_class >> 16U;
  return base_class == k_display_class ||
         (base_class == k_accelerator_class && device.vendor_id == k_amd_vendor);
}

/// Where a card is: by the link's target, or, in recordings without links, by the event file's row
/// "PCI_SLOT_NAME=0000:09:00.0".
std::string drm_address(const HostView& host, const std::string& folder) {
  if (const auto target = host.link_name(folder)) return *target;
  const auto event = host.read_text(folder + "/uevent", 4096);
  if (!event) return {};
  constexpr std::string_view k_row = "PCI_SLOT_NAME=";
  for (const std::string_view line : split(*event, '\n')) {
    if (line.starts_with(k_row)) return printable(trim(line.substr(k_row.size())), 40);
  }
  return {};
}

/// PCI functions behind /sys/class/drm that a scan of the bus did not show (recordings of a part of
/// /sys).
void add_drm_devices(const HostView& host, std::vector<PciDevice>& devices) {
  for (const std::string& card : host.list("/sys/class/drm")) {
    // "card0", not "card0-HDMI-A-1" and not "renderD128"
    if (!card.starts_with("card") || card.find('-') != std::string::npos) continue;
    const std::string folder = fmt::format("/sys/class/drm/{}/device", card);
    const std::string address = drm_address(host, folder);
    const bool listed =
        std::any_of(devices.begin(), devices.end(),
                    [&address](const PciDevice& device) { return device.address == address; });
    if (listed) continue;
    if (auto device = read_pci_device(host, address, folder)) devices.push_back(std::move(*device));
  }
}

}  // namespace

void probe_gpus(const HostView& host, MachineProfile& profile) {
  std::vector<PciDevice> devices;
  const auto bus = list_pci_devices(host);
  if (bus) std::copy_if(bus->begin(), bus->end(), std::back_inserter(devices), is_gpu);
  add_drm_devices(host, devices);
  std::vector<GpuProfile>& gpus = profile.gpus;
  for (const PciDevice& device : devices) gpus.push_back(describe_gpu(host, device));
  std::vector<GpuProfile> render_nodes;
  std::copy_if(gpus.begin(), gpus.end(), std::back_inserter(render_nodes), [](const auto& gpu) {
    const std::string driver = gpu.driver.value_or("");
    return driver == "i915" || driver == "xe" || driver == "amdgpu";
  });
  merge_answers(ask_vendor_libraries(host, bus, render_nodes), gpus);
  separate_gpu_nodes(host, profile);
  SystemMemory system = read_system_memory(host);
  const Fact<Bytes>& headroom = profile.memory.limit_headroom;
  if (system.available.is_known() && headroom.is_known() &&
      headroom.value() < system.available.value()) {
    system.available = headroom;
  }
  for (GpuProfile& gpu : gpus) gpu.usable_memory = usable_gpu_memory(gpu, system);
  if (!bus && hardware_gpus(gpus) == 0 && !host.exists("/sys/class/drm")) {
    profile.gpu_count = Fact<std::uint32_t>::unknown(
        host.is_live() ? "neither /sys/bus/pci nor /sys/class/drm is there"
                       : "the recording holds neither /sys/bus/pci nor /sys/class/drm");
    return;
  }
  profile.gpu_count = Fact<std::uint32_t>::known(hardware_gpus(gpus),
                                                 bus ? "/sys/bus/pci/devices" : "/sys/class/drm");
}

}  // namespace assay
