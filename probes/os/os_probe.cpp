#include "probes/os/os_probe.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/os/container.hpp"
#include "probes/os/firmware_identity.hpp"
#include "probes/os/hypervisor.hpp"

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

/// Which Windows Subsystem for Linux a kernel calls itself: 1 ("4.4.0-19041-Microsoft") translates
/// system calls, 2 ("5.15.90.1-microsoft-standard-WSL2") is a virtual machine; 0 is none.
std::uint32_t wsl_version(std::string_view version) {
  if (version.find("WSL2") != std::string_view::npos ||
      version.find("microsoft") != std::string_view::npos) {
    return 2;
  }
  return version.find("Microsoft") != std::string_view::npos ? 1 : 0;
}

void probe_wsl(const HostView& host, OsProfile& os) {
  const std::string path = "/proc/version";
  const auto text = host.read_text(path, 4096);
  if (!text) {
    os.wsl = Fact<bool>::unknown(text.error().reason);
    os.wsl_version = Fact<std::uint32_t>::unknown(text.error().reason);
    os.memory_note = Text::unknown(text.error().reason);
    return;
  }
  const std::uint32_t version = wsl_version(*text);
  os.wsl = Fact<bool>::known(version != 0, path);
  os.wsl_version =
      version == 0 ? Fact<std::uint32_t>::absent(path) : Fact<std::uint32_t>::known(version, path);
  // learn.microsoft.com, "Advanced settings configuration in WSL": memory, 50 % of Windows' own.
  os.memory_note = version == 2 ? Text::known(
                                      "the memory is that of WSL's virtual machine: half of the "
                                      "computer's unless .wslconfig says otherwise",
                                      path)
                                : Text::absent(path);
}

/// The share of processor time that the hypervisor gave to other machines, since the start.
Fact<double> probe_steal(const HostView& host) {
  const std::string path = "/proc/stat";
  const auto text = host.read_text(path);
  if (!text) return Fact<double>::unknown(text.error().reason);
  const std::string_view line = std::string_view(*text).substr(0, text->find('\n'));
  // proc(5): cpu user nice system idle iowait irq softirq steal guest guest_nice; guest time is in
  // user's already.
  constexpr std::size_t k_steal = 7;
  std::vector<std::uint64_t> ticks;
  for (const std::string_view word : split(line, ' ')) {
    if (word.empty() || word == "cpu") continue;
    const auto number = parse_number<std::uint64_t>(word);
    if (!number) return Fact<double>::unknown(path + ": no line of processor times");
    ticks.push_back(*number);
  }
  if (!line.starts_with("cpu ") || ticks.size() <= k_steal) {
    return Fact<double>::unknown(path + ": no steal time");
  }
  double all = 0;
  for (std::size_t i = 0; i <= k_steal; ++i) all += static_cast<double>(ticks[i]);
  if (all <= 0) return Fact<double>::unknown(path + ": no time was counted");
  return Fact<double>::known(static_cast<double>(ticks[k_steal]) / all, path);
}

}  // namespace

OsProfile probe_os(const HostView& host) {
  OsProfile os;
  os.name = probe_name(host);
  os.kernel = probe_kernel(host);
  os.architecture = probe_architecture(host);
  os.hypervisor = probe_hypervisor(host);
  os.container = probe_container(host);
  probe_wsl(host, os);
  os.steal_ratio = probe_steal(host);
  probe_firmware_identity(host, os);
  return os;
}

}  // namespace assay
