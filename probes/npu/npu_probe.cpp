#include "probes/npu/npu_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "probes/gpu/pci_devices.hpp"
#include "probes/npu/npu_driver_facts.hpp"
#include "probes/npu/npu_runtime.hpp"
#include "probes/npu/npu_table.hpp"
#include "probes/npu/platform_npu.hpp"
#include "probes/os/access.hpp"

namespace assay {
namespace {

constexpr const char* k_accel_class = "/sys/class/accel";
constexpr const char* k_no_peak = "no published peak is known here";

/// Device nodes of /sys/class/accel: name of the device (a PCI address) -> "accel0".
std::map<std::string, std::string> accel_nodes(const HostView& host) {
  std::map<std::string, std::string> nodes;
  for (const std::string& node : host.list(k_accel_class)) {
    if (!node.starts_with("accel")) continue;
    const auto device = host.link_name(fmt::format("{}/{}/device", k_accel_class, node));
    nodes.emplace(device.value_or(node), node);
  }
  return nodes;
}

/// What a probe of one device looks at.
struct Surroundings {
  const HostView& host;
  const NodeAccess& access;
  std::string brand;  // of the processor; empty when it is not known
};

void describe_node(const Surroundings& around, const std::string& path, const std::string& from,
                   NpuProfile& npu) {
  npu.device_node = Fact<std::string>::known(path, from);
  npu.accessible = around.access(around.host, path);
}

void describe_missing_node(NpuProfile& npu, std::string why) {
  npu.device_node = Fact<std::string>::absent(std::move(why));
  npu.accessible = Fact<bool>::absent("there is no device node");
}

void describe_driver(const HostView& host, const std::string& folder, NpuProfile& npu) {
  const std::string link = folder + "/driver";
  const auto driver = host.link_name(link);
  npu.driver = driver ? Fact<std::string>::known(printable(*driver, 60), link)
                      : Fact<std::string>::absent(
                            "no driver is bound to it: the kernel may be "
                            "too old, or its firmware missing");
}

/// Name and published peak: of the product when the brand or the driver names it, else of the part.
void describe_product(const Surroundings& around, const PciDevice& device, const NpuPart& part,
                      NpuProfile& npu) {
  npu.name = std::string(part.name);
  const NpuProduct* product = nullptr;
  std::string by;
  for (const auto& [text, what] : {std::pair(around.brand, "processor brand"),
                                   std::pair(npu.board_name.value_or(""), "name by the driver")}) {
    product = find_npu_product(device.vendor_id, device.device_id, text);
    by = fmt::format("{} \"{}\"", what, printable(text, 80));
    if (product != nullptr) break;
  }
  const double low = product != nullptr ? product->tops_low : part.tops_low;
  const double high = product != nullptr ? product->tops_high : part.tops_high;
  if (high <= 0) {
    npu.tops_low = npu.tops_high = Fact<double>::unknown(k_no_peak);
    return;
  }
  std::string from;
  if (product != nullptr) {
    if (!product->name.empty()) npu.name = std::string(product->name);
    from = fmt::format("published peak ({}), told by the {}", product->source, by);
  } else {
    from = fmt::format("published peak ({}){}{}", part.source, part.note.empty() ? "" : ", ",
                       part.note);
  }
  npu.tops_low = Fact<double>::known(low, from);
  npu.tops_high = Fact<double>::known(high, from);
}

NpuProfile describe_npu(const Surroundings& around, const PciDevice& device, const NpuPart* part,
                        const std::string& node) {
  NpuProfile npu;
  npu.pci_address = device.address;
  npu.vendor_id = device.vendor_id;
  npu.device_id = device.device_id;
  describe_driver(around.host, device.folder, npu);
  read_npu_driver_facts(around.host, device.folder, npu);
  if (part != nullptr) {
    describe_product(around, device, *part, npu);
  } else {
    npu.name = fmt::format("accelerator {:04x}:{:04x}", device.vendor_id, device.device_id);
    npu.tops_low = npu.tops_high = Fact<double>::unknown(k_no_peak);
  }
  if (node.empty()) {
    describe_missing_node(npu, "not in /sys/class/accel");
  } else {
    describe_node(around, fmt::format("/dev/accel/{}", node),
                  fmt::format("{}/{}", k_accel_class, node), npu);
  }
  npu.runtime = find_npu_runtime(around.host, part != nullptr ? part->family : NpuFamily::other);
  npu.usable = npu_usable(npu);
  return npu;
}

/// A part of a chip that the device tree names. Takes its node out of `nodes`.
NpuProfile describe_platform_part(const Surroundings& around, const PlatformNpu& found,
                                  std::map<std::string, std::string>& nodes) {
  const PlatformNpuPart& part = *found.part;
  NpuProfile npu;
  npu.name = std::string(part.name);
  describe_driver(around.host, found.folder, npu);
  read_npu_driver_facts(around.host, found.folder, npu);
  const std::string misc = fmt::format("/sys/class/misc/{}", part.node);
  const auto node = std::ranges::find_if(nodes, [&](const auto& entry) {
    return is_node_of(around.host, fmt::format("{}/{}/device", k_accel_class, entry.second), part);
  });
  if (node != nodes.end()) {
    describe_node(around, fmt::format("/dev/accel/{}", node->second),
                  fmt::format("{}/{}", k_accel_class, node->second), npu);
    nodes.erase(node);
  } else if (!part.node.empty() && around.host.exists(misc)) {
    describe_node(around, fmt::format("/dev/{}", part.node), misc, npu);
  } else {
    describe_missing_node(npu, "neither in /sys/class/accel nor in /sys/class/misc");
  }
  if (part.tops > 0) {
    const std::string from = fmt::format("published peak ({})", part.source);
    npu.tops_low = npu.tops_high = Fact<double>::known(part.tops, from);
  } else {
    npu.tops_low = npu.tops_high = Fact<double>::unknown(k_no_peak);
  }
  npu.runtime = find_npu_runtime(around.host, part.family);
  npu.usable = npu_usable(npu);
  return npu;
}

/// A node of /sys/class/accel that nothing here knows: a driver and a name only.
NpuProfile describe_unknown_node(const Surroundings& around, const std::string& node) {
  NpuProfile npu;
  const std::string folder = fmt::format("{}/{}/device", k_accel_class, node);
  describe_driver(around.host, folder, npu);
  read_npu_driver_facts(around.host, folder, npu);
  npu.name = npu.driver.is_known() ? fmt::format("{} accelerator", npu.driver.value())
                                   : std::string("accelerator");
  describe_node(around, fmt::format("/dev/accel/{}", node),
                fmt::format("{}/{}", k_accel_class, node), npu);
  npu.tops_low = npu.tops_high = Fact<double>::unknown(k_no_peak);
  npu.runtime = find_npu_runtime(around.host, NpuFamily::other);
  npu.usable = npu_usable(npu);
  return npu;
}

NpuProfile describe_other_node(const Surroundings& around, const std::string& address,
                               const std::string& node) {
  const auto device =
      read_pci_device(around.host, address, fmt::format("{}/{}/device", k_accel_class, node));
  if (!device) return describe_unknown_node(around, node);
  return describe_npu(around, *device,
                      find_npu_part(device->vendor_id, device->device_id, device->revision), node);
}

}  // namespace

Fact<bool> live_node_access(const HostView& host, const std::string& node) {
  if (!host.is_live()) {
    return Fact<bool>::unknown("a recording does not say who may open the device");
  }
  return device_access(node);
}

void probe_npus(const HostView& host, MachineProfile& profile, const NodeAccess& access) {
  const Surroundings around{host, access, profile.cpu.brand.value_or("")};
  std::map<std::string, std::string> nodes = accel_nodes(host);
  const auto bus = list_pci_devices(host);
  for (const PciDevice& device : bus.value_or(std::vector<PciDevice>())) {
    const NpuPart* part = find_npu_part(device.vendor_id, device.device_id, device.revision);
    const auto node = nodes.find(device.address);
    if (part == nullptr && node == nodes.end()) continue;
    profile.npus.push_back(
        describe_npu(around, device, part, node == nodes.end() ? std::string() : node->second));
    if (node != nodes.end()) nodes.erase(node);
  }
  const std::vector<PlatformNpu> platform = list_platform_npus(host);
  for (const PlatformNpu& found : platform) {
    profile.npus.push_back(describe_platform_part(around, found, nodes));
  }
  for (const auto& [address, node] : nodes) {  // behind a bus that the recording lacks, or none
    profile.npus.push_back(describe_other_node(around, address, node));
  }
  if (!bus && profile.npus.empty() && !host.exists(k_accel_class)) {
    profile.npu_count = Fact<std::uint32_t>::unknown(
        host.is_live() ? "neither /sys/bus/pci nor /sys/class/accel is there"
                       : "the recording holds neither /sys/bus/pci nor /sys/class/accel");
    return;
  }
  const std::string from = bus                ? "/sys/bus/pci/devices"
                           : platform.empty() ? k_accel_class
                                              : "device tree";
  profile.npu_count =
      Fact<std::uint32_t>::known(static_cast<std::uint32_t>(profile.npus.size()), from);
}

}  // namespace assay
