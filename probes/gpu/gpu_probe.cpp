#include "probes/gpu/gpu_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/gpu/kfd_nodes.hpp"
#include "probes/gpu/pci_devices.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_display_class = 0x03;
constexpr std::uint16_t k_nvidia = 0x10de;
constexpr std::uint16_t k_amd = 0x1002;
constexpr std::uint16_t k_intel = 0x8086;

struct Vendor {
  std::uint16_t id;
  std::string_view name;
  bool computes;  // false: drives a screen only (server consoles, emulated adapters)
};

// Source: the PCI-SIG's list of vendor ids.
constexpr std::array k_vendors{
    Vendor{k_nvidia, "NVIDIA", true},      Vendor{k_amd, "AMD", true},
    Vendor{k_intel, "Intel", true},        Vendor{0x1ed5, "Moore Threads", true},
    Vendor{0x5143, "Qualcomm", true},      Vendor{0x1010, "Imagination", true},
    Vendor{0x1a03, "ASPEED", false},       Vendor{0x102b, "Matrox", false},
    Vendor{0x1013, "Cirrus Logic", false}, Vendor{0x1234, "QEMU", false},
    Vendor{0x1af4, "virtio", false},       Vendor{0x1b36, "QXL", false},
    Vendor{0x15ad, "VMware", false},       Vendor{0x80ee, "VirtualBox", false},
    Vendor{0x1414, "Hyper-V", false},
};

// AMD's integrated parts. Source: the device ids of Linux's amdgpu driver for these chips.
constexpr std::array<std::uint16_t, 22> k_amd_integrated{
    0x15dd, 0x15d8,                  // Raven, Picasso
    0x1636, 0x1638, 0x164c,          // Renoir, Cezanne, Lucienne
    0x163f, 0x1435,                  // Van Gogh
    0x164d, 0x1681, 0x164e, 0x1506,  // Rembrandt, Raphael, Mendocino
    0x15bf, 0x15c8, 0x1900, 0x1901,  // Phoenix, Hawk Point
    0x150e, 0x1586, 0x1114, 0x13c0,  // Strix Point, Strix Halo, Krackan, Granite Ridge
    0x9874, 0x98e4, 0x130f,          // Carrizo, Stoney, Kaveri
};

const Vendor* find_vendor(std::uint16_t id) {
  for (const Vendor& vendor : k_vendors) {
    if (vendor.id == id) return &vendor;
  }
  return nullptr;
}

std::optional<std::uint64_t> read_count(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 64);
  if (!text) return std::nullopt;
  return parse_number<std::uint64_t>(trim(*text));
}

Fact<Bytes> read_bytes(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<Bytes>::unknown(text.error().reason);
  const auto bytes = read_count(host, path);
  // More than 16 TiB on one device is a broken file.
  if (!bytes || *bytes > (std::uint64_t{1} << 44U)) {
    return Fact<Bytes>::unknown(
        fmt::format("{}: \"{}\" found (expected bytes)", path, printable(trim(*text), 40)));
  }
  return Fact<Bytes>::known(Bytes(*bytes), path);
}

/// The proprietary driver's description of one card: "Model: NVIDIA GeForce RTX 2080 SUPER".
std::optional<std::string> nvidia_model(const HostView& host, const std::string& address) {
  const std::string path = fmt::format("/proc/driver/nvidia/gpus/{}/information", address);
  const auto text = host.read_text(path, 65536);
  if (!text) return std::nullopt;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.starts_with("Model:")) return printable(trim(line.substr(6)), 120);
  }
  return std::nullopt;
}

void describe_nvidia(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  using Kind = Fact<DeviceMemoryKind>;
  gpu.memory = Fact<Bytes>::unknown("only NVIDIA's own library tells (see nvidia-smi)");
  const auto model = nvidia_model(host, device.address);
  if (!model) {
    gpu.memory_kind = Kind::unknown("the model is not told");
    return;
  }
  const std::string from = "/proc/driver/nvidia/gpus";
  gpu.name = Fact<std::string>::known(*model, from);
  // These share the processor's memory; their driver refuses to name a size of their own.
  const std::array<std::string_view, 3> integrated{"GB10", "Thor", "Orin"};
  const bool unified = std::any_of(
      integrated.begin(), integrated.end(),
      [&model](std::string_view part) { return model->find(part) != std::string::npos; });
  gpu.memory_kind =
      Kind::known(unified ? DeviceMemoryKind::unified : DeviceMemoryKind::dedicated, from);
}

/// Whether an AMD GPU is part of the processor: by device id; by the marks that only cards have; by
/// the shape of its memory (a small carve-out, a large share of the system's).
Fact<DeviceMemoryKind> amd_memory_kind(const HostView& host, const PciDevice& device,
                                       const GpuProfile& gpu) {
  using Kind = Fact<DeviceMemoryKind>;
  if (std::find(k_amd_integrated.begin(), k_amd_integrated.end(), device.device_id) !=
      k_amd_integrated.end()) {
    return Kind::known(DeviceMemoryKind::unified, "device id of an integrated part");
  }
  for (const char* mark : {"mem_info_vram_vendor", "board_info"}) {
    const std::string path = fmt::format("{}/{}", device.folder, mark);
    if (host.read_text(path, 4096)) return Kind::known(DeviceMemoryKind::dedicated, path);
  }
  if (!gpu.memory.is_known()) return Kind::unknown(gpu.memory.reason());
  const std::uint64_t own = gpu.memory.value().value;
  const std::uint64_t lent = gpu.shared_memory.value_or(Bytes(0)).value;
  if (own <= gibibytes(4).value && lent >= gibibytes(8).value && lent / 4 >= own) {
    return Kind::known(DeviceMemoryKind::unified,
                       "a small carve-out beside a large share of system memory");
  }
  return Kind::known(DeviceMemoryKind::dedicated, "not an integrated part's id or memory");
}

void describe_amd(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  gpu.memory = read_bytes(host, device.folder + "/mem_info_vram_total");
  gpu.shared_memory = read_bytes(host, device.folder + "/mem_info_gtt_total");
  gpu.memory_kind = amd_memory_kind(host, device, gpu);
}

void describe_intel(const PciDevice& device, GpuProfile& gpu) {
  using Kind = Fact<DeviceMemoryKind>;
  // Intel's integrated graphics are device 2 of the first bus, always.
  if (device.address.ends_with("00:02.0")) {
    gpu.memory = Fact<Bytes>::absent("integrated (PCI 00:02.0): it uses the system's memory");
    gpu.memory_kind = Kind::known(DeviceMemoryKind::shared, "PCI 00:02.0");
    return;
  }
  gpu.memory = Fact<Bytes>::unknown("the driver tells it to programs that open the device only");
  gpu.memory_kind = Kind::known(DeviceMemoryKind::dedicated, "not at PCI 00:02.0");
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

GpuProfile describe_gpu(const HostView& host, const PciDevice& device) {
  GpuProfile gpu;
  gpu.pci_address = device.address;
  gpu.vendor_id = device.vendor_id;
  gpu.device_id = device.device_id;
  const Vendor* vendor = find_vendor(device.vendor_id);
  gpu.vendor = vendor_name(host, device, vendor);
  gpu.driver = driver_of(host, device.folder);
  const std::string silent = "the driver's files do not show it";
  gpu.memory = gpu.shared_memory = Fact<Bytes>::unknown(silent);
  gpu.memory_kind = Fact<DeviceMemoryKind>::unknown(silent);
  gpu.compute_units = Fact<std::uint32_t>::unknown(silent);
  if (vendor != nullptr && !vendor->computes) {
    gpu.name = Fact<std::string>::known(std::string(k_display_adapter_name), "PCI vendor");
    return gpu;
  }
  if (device.vendor_id == k_nvidia) describe_nvidia(host, device, gpu);
  if (device.vendor_id == k_amd) describe_amd(host, device, gpu);
  if (device.vendor_id == k_intel) describe_intel(device, gpu);
  if (const auto units = kfd_compute_units(host, device.address)) {
    gpu.compute_units = Fact<std::uint32_t>::known(*units, "/sys/class/kfd/kfd/topology");
  }
  describe_name(host, device, gpu);
  return gpu;
}

/// PCI functions behind /sys/class/drm that a scan of the bus did not show (recordings of a part of
/// /sys).
void add_drm_devices(const HostView& host, std::vector<PciDevice>& devices) {
  for (const std::string& card : host.list("/sys/class/drm")) {
    // "card0", not "card0-HDMI-A-1" and not "renderD128"
    if (!card.starts_with("card") || card.find('-') != std::string::npos) continue;
    const std::string folder = fmt::format("/sys/class/drm/{}/device", card);
    const std::string address = host.link_name(folder).value_or("");
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
  if (bus) {
    std::copy_if(
        bus->begin(), bus->end(), std::back_inserter(devices),
        [](const PciDevice& device) { return (device.device_class >> 16U) == k_display_class; });
  }
  add_drm_devices(host, devices);
  for (const PciDevice& device : devices) profile.gpus.push_back(describe_gpu(host, device));
  if (!bus && devices.empty() && !host.exists("/sys/class/drm")) {
    profile.gpu_count = Fact<std::uint32_t>::unknown(
        host.is_live() ? "neither /sys/bus/pci nor /sys/class/drm is there"
                       : "the recording holds neither /sys/bus/pci nor /sys/class/drm");
    return;
  }
  profile.gpu_count = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(devices.size()),
                                                 bus ? "/sys/bus/pci/devices" : "/sys/class/drm");
}

}  // namespace assay
