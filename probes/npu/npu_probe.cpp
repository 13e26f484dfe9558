#include "probes/npu/npu_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "probes/gpu/pci_devices.hpp"
#include "probes/npu/npu_table.hpp"
#include "probes/os/access.hpp"

namespace assay {
namespace {

constexpr const char* k_accel_class = "/sys/class/accel";

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

void describe_node(const HostView& host, const std::string& node, NpuProfile& npu) {
  const std::string path = fmt::format("/dev/accel/{}", node);
  const std::string from = fmt::format("{}/{}", k_accel_class, node);
  npu.device_node = Fact<std::string>::known(path, from);
  if (!host.is_live()) {
    npu.accessible = Fact<bool>::unknown("a recording does not say who may open the device");
    return;
  }
  npu.accessible = Fact<bool>::known(may_open_for_use(path), path);
}

void describe_driver(const HostView& host, const std::string& folder, NpuProfile& npu) {
  const std::string link = folder + "/driver";
  const auto driver = host.link_name(link);
  npu.driver = driver ? Fact<std::string>::known(printable(*driver, 60), link)
                      : Fact<std::string>::absent(
                            "no driver is bound to it: the kernel may be "
                            "too old, or its firmware missing");
}

NpuProfile describe_npu(const HostView& host, const PciDevice& device, const NpuPart* part,
                        const std::string& node) {
  NpuProfile npu;
  npu.pci_address = device.address;
  npu.vendor_id = device.vendor_id;
  npu.device_id = device.device_id;
  npu.name = part != nullptr
                 ? std::string(part->name)
                 : fmt::format("accelerator {:04x}:{:04x}", device.vendor_id, device.device_id);
  describe_driver(host, device.folder, npu);
  if (node.empty()) {
    npu.device_node = Fact<std::string>::absent("not in /sys/class/accel");
    npu.accessible = Fact<bool>::absent("there is no device node");
  } else {
    describe_node(host, node, npu);
  }
  if (part != nullptr && part->tops_high > 0) {
    const std::string from =
        fmt::format("published peak{}{}", part->note.empty() ? "" : ", ", part->note);
    npu.tops_low = Fact<double>::known(part->tops_low, from);
    npu.tops_high = Fact<double>::known(part->tops_high, from);
  } else {
    npu.tops_low = npu.tops_high = Fact<double>::unknown("no published peak is known here");
  }
  return npu;
}

/// Neural processors of a chip without PCI (Rockchip, Arm Ethos): a node and a driver only.
NpuProfile describe_platform_npu(const HostView& host, const std::string& node) {
  NpuProfile npu;
  describe_driver(host, fmt::format("{}/{}/device", k_accel_class, node), npu);
  npu.name = npu.driver.is_known() ? fmt::format("{} accelerator", npu.driver.value())
                                   : std::string("accelerator");
  describe_node(host, node, npu);
  npu.tops_low = npu.tops_high = Fact<double>::unknown("no published peak is known here");
  return npu;
}

}  // namespace

void probe_npus(const HostView& host, MachineProfile& profile) {
  std::map<std::string, std::string> nodes = accel_nodes(host);
  const auto bus = list_pci_devices(host);
  for (const PciDevice& device : bus.value_or(std::vector<PciDevice>())) {
    const NpuPart* part = find_npu_part(device.vendor_id, device.device_id, device.revision);
    const auto node = nodes.find(device.address);
    if (part == nullptr && node == nodes.end()) continue;
    profile.npus.push_back(
        describe_npu(host, device, part, node == nodes.end() ? std::string() : node->second));
    if (node != nodes.end()) nodes.erase(node);
  }
  for (const auto& [address, node] : nodes) {  // behind a bus that the recording lacks, or none
    const auto device =
        read_pci_device(host, address, fmt::format("{}/{}/device", k_accel_class, node));
    profile.npus.push_back(
        device ? describe_npu(host, *device,
                              find_npu_part(device->vendor_id, device->device_id, device->revision),
                              node)
               : describe_platform_npu(host, node));
  }
  if (!bus && profile.npus.empty() && !host.exists(k_accel_class)) {
    profile.npu_count = Fact<std::uint32_t>::unknown(
        host.is_live() ? "neither /sys/bus/pci nor /sys/class/accel is there"
                       : "the recording holds neither /sys/bus/pci nor /sys/class/accel");
    return;
  }
  profile.npu_count = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(profile.npus.size()),
                                                 bus ? "/sys/bus/pci/devices" : k_accel_class);
}

}  // namespace assay
