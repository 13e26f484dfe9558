#include "probes/os/os_probe.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "probes/cpu/cpuid_leaves.hpp"

namespace assay {
namespace {

using Text = Fact<std::string>;

/// KEY=VALUE or KEY="VALUE" of os-release.
std::optional<std::string> release_field(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with("=")) continue;
    std::string_view value = trim(line.substr(key.size() + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    return printable(value, 120);
  }
  return std::nullopt;
}

Text probe_name(const HostView& host) {
  std::string reason;
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = host.read_text(path, 65536);
    if (!text) {
      if (reason.empty()) reason = text.error().reason;
      continue;
    }
    if (const auto name = release_field(*text, "PRETTY_NAME")) return Text::known(*name, path);
    if (const auto name = release_field(*text, "NAME")) return Text::known(*name, path);
    reason = fmt::format("{}: no PRETTY_NAME", path);
  }
  return Text::unknown(reason);
}

/// "Linux version RELEASE (builder) ..."
std::optional<std::string> version_release(std::string_view version) {
  const std::string_view mark = "Linux version ";
  if (!version.starts_with(mark)) return std::nullopt;
  const std::string_view rest = version.substr(mark.size());
  return printable(trim(rest.substr(0, rest.find(' '))), 120);
}

Text probe_kernel(const HostView& host) {
  const auto release = host.read_text("/proc/sys/kernel/osrelease", 4096);
  if (release && !trim(*release).empty()) {
    return Text::known(printable(trim(*release), 120), "/proc/sys/kernel/osrelease");
  }
  const auto version = host.read_text("/proc/version", 4096);
  if (!version) return Text::unknown(version.error().reason);
  const auto found = version_release(*version);
  return found ? Text::known(*found, "/proc/version")
               : Text::unknown("/proc/version: no \"Linux version\"");
}

Text probe_architecture(const HostView& host) {
  const auto machine = host.read_text("/proc/sys/kernel/arch", 4096);  // Linux 6.1 on
  if (machine && !trim(*machine).empty()) {
    return Text::known(printable(trim(*machine), 40), "/proc/sys/kernel/arch");
  }
  const auto cpuinfo = host.read_text("/proc/cpuinfo");
  if (!cpuinfo) {
    if (host.cpuid() && !host.cpuid()->cpus.empty()) return Text::known("x86_64", "CPUID");
    return Text::unknown(cpuinfo.error().reason);
  }
  const std::string_view text = *cpuinfo;
  const std::string from = "/proc/cpuinfo";
  if (text.find("vendor_id") != std::string_view::npos &&
      text.find("flags") != std::string_view::npos) {
    const bool is_64_bit = text.find(" lm ") != std::string_view::npos;
    return Text::known(is_64_bit ? "x86_64" : "i686", from);
  }
  if (text.find("CPU architecture: 8") != std::string_view::npos ||
      text.find("CPU architecture\t: 8") != std::string_view::npos ||
      text.find("AArch64") != std::string_view::npos) {
    return Text::known("aarch64", from);
  }
  if (text.find("CPU implementer") != std::string_view::npos) return Text::known("arm", from);
  return Text::unknown("/proc/cpuinfo does not name it");
}

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

// Marks in the paths of /proc/1/cgroup and /proc/self/cgroup.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_container_paths{{
    {"kubepods", "kubernetes"},
    {"docker", "docker"},
    {"libpod", "podman"},
    {"containerd", "containerd"},
    {"/lxc", "lxc"},
    {"machine.slice/machine-", "systemd-nspawn"},
}};

Text probe_container(const HostView& host) {
  const auto environment = host.read_text("/run/systemd/container", 4096);
  if (environment && !trim(*environment).empty()) {
    return Text::known(printable(trim(*environment), 40), "/run/systemd/container");
  }
  if (host.exists("/run/.containerenv")) return Text::known("podman", "/run/.containerenv");
  std::string reason;
  bool told = false;
  for (const char* path : {"/proc/1/cgroup", "/proc/self/cgroup"}) {
    const auto text = host.read_text(path);
    if (!text) {
      reason = text.error().reason;
      continue;
    }
    told = true;
    for (const auto& [mark, name] : k_container_paths) {
      if (text->find(mark) != std::string::npos) return Text::known(std::string(name), path);
    }
  }
  if (host.exists("/.dockerenv")) return Text::known("docker", "/.dockerenv");
  if (!told) return Text::unknown(reason);
  return Text::absent("no mark of one in / or in the cgroup paths");
}

Fact<bool> probe_wsl(const HostView& host) {
  const auto version = host.read_text("/proc/version", 4096);
  if (!version) return Fact<bool>::unknown(version.error().reason);
  const bool microsoft = version->find("microsoft") != std::string::npos ||
                         version->find("Microsoft") != std::string::npos;
  return Fact<bool>::known(microsoft, "/proc/version");
}

}  // namespace

OsProfile probe_os(const HostView& host) {
  OsProfile os;
  os.name = probe_name(host);
  os.kernel = probe_kernel(host);
  os.architecture = probe_architecture(host);
  os.hypervisor = probe_hypervisor(host);
  os.container = probe_container(host);
  os.wsl = probe_wsl(host);
  return os;
}

}  // namespace assay
