#include "probes/os/hypervisor.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "probes/cpu/cpuid_leaves.hpp"

namespace assay {
namespace {

using Text = Fact<std::string>;

// What firmware tables of virtual machines say in sys_vendor or product_name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> k_virtual_firmware{{
    {"QEMU", "QEMU"},
    {"VMware", "VMware"},
    {"innotek GmbH", "VirtualBox"},
    {"VirtualBox", "VirtualBox"},
    {"Xen", "Xen"},
    {"Parallels", "Parallels"},
    {"Amazon EC2", "Amazon EC2"},
    {"Google Compute Engine", "Google Compute Engine"},
    {"Virtual Machine", "Hyper-V"},
}};

std::optional<std::string> virtual_firmware(const HostView& host) {
  for (const char* field : {"sys_vendor", "product_name"}) {
    const auto text = host.read_text(fmt::format("/sys/class/dmi/id/{}", field), 4096);
    if (!text) continue;
    for (const auto& [mark, name] : k_virtual_firmware) {
      if (text->find(mark) != std::string::npos) return std::string(name);
    }
  }
  return std::nullopt;
}

// The node /hypervisor of a device tree. Source: Linux
// Documentation/devicetree/bindings/arm/xen.txt and what QEMU and VMware put there.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_device_tree_names{{
    {"linux,kvm", "KVM"},
    {"xen,xen", "Xen"},
    {"vmware", "VMware"},
    {"qemu", "QEMU"},
}};

std::optional<std::string> device_tree_hypervisor(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  if (!text) return std::nullopt;
  for (const auto& [mark, name] : k_device_tree_names) {
    if (text->find(mark) != std::string::npos) return std::string(name);
  }
  return std::string("unnamed");
}

}  // namespace

Text probe_hypervisor(const HostView& host) {
  if (host.cpuid() && !host.cpuid()->cpus.empty()) {
    const auto name = cpuid_hypervisor(*host.cpuid(), host.cpuid()->cpus.front());
    if (!name) return Text::absent("CPUID leaf 1: hypervisor bit is clear");
    return Text::known(*name, "CPUID leaf 0x40000000");
  }
  const auto type = host.read_text("/sys/hypervisor/type", 4096);
  if (type && !trim(*type).empty()) {
    return Text::known(printable(trim(*type), 40), "/sys/hypervisor/type");
  }
  const std::string node = "/proc/device-tree/hypervisor/compatible";
  if (const auto name = device_tree_hypervisor(host, node)) return Text::known(*name, node);
  if (const auto name = virtual_firmware(host)) return Text::known(*name, "/sys/class/dmi/id");
  const auto cpuinfo = host.read_text("/proc/cpuinfo");
  if (!cpuinfo) return Text::unknown(cpuinfo.error().reason);
  if (cpuinfo->find("flags") == std::string::npos) {
    return Text::unknown("no firmware table and no CPU flag tells");
  }
  if (cpuinfo->find(" hypervisor") != std::string::npos) {
    return Text::known("unnamed", "/proc/cpuinfo flags");
  }
  return Text::absent("/proc/cpuinfo flags: no hypervisor");
}

}  // namespace assay
