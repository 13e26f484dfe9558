#include "probes/recording/file_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/recording/anonymous_smbios.hpp"

namespace assay {
namespace {

struct PlaceRule {
  std::string_view prefix;  // a folder ends with '/', a file is the whole path
  CopyRule rule;
};

// The first row that fits counts; what fits none is never copied.
constexpr std::array k_places{
    PlaceRule{"/sys/class/net/", CopyRule::never},
    PlaceRule{"/sys/kernel/debug/", CopyRule::never},
    PlaceRule{"/sys/kernel/security/", CopyRule::never},
    PlaceRule{"/sys/firmware/efi/efivars/", CopyRule::never},
    PlaceRule{"/sys/firmware/devicetree/base/chosen/", CopyRule::never},  // boot arguments, seeds
    PlaceRule{"/sys/", CopyRule::content},
    PlaceRule{"/proc/cpuinfo", CopyRule::content},
    PlaceRule{"/proc/meminfo", CopyRule::content},
    PlaceRule{"/proc/stat", CopyRule::content},
    PlaceRule{"/proc/version", CopyRule::content},
    PlaceRule{"/proc/mounts", CopyRule::content},
    PlaceRule{"/proc/pressure/", CopyRule::content},
    PlaceRule{"/proc/device-tree/", CopyRule::content},
    PlaceRule{"/proc/self/cgroup", CopyRule::content},
    PlaceRule{"/proc/self/cpuset", CopyRule::content},
    PlaceRule{"/proc/self/mountinfo", CopyRule::content},
    PlaceRule{"/proc/self/mounts", CopyRule::content},
    PlaceRule{"/proc/self/status", CopyRule::content},
    PlaceRule{"/proc/1/cgroup", CopyRule::content},
    PlaceRule{"/proc/sys/kernel/osrelease", CopyRule::content},
    PlaceRule{"/proc/sys/kernel/arch", CopyRule::content},
    PlaceRule{"/proc/sys/vm/", CopyRule::content},
    PlaceRule{"/proc/driver/nvidia/", CopyRule::content},
    PlaceRule{"/etc/os-release", CopyRule::content},
    PlaceRule{"/usr/lib/os-release", CopyRule::content},
    PlaceRule{"/usr/share/misc/pci.ids", CopyRule::content},
    PlaceRule{"/usr/share/hwdata/pci.ids", CopyRule::content},
    PlaceRule{"/run/systemd/container", CopyRule::content},
    PlaceRule{"/run/host/container-manager", CopyRule::content},
    PlaceRule{"/run/secrets/kubernetes.io", CopyRule::existence},
    PlaceRule{"/run/udev/data/+dmi:id", CopyRule::content},
    PlaceRule{"/run/.containerenv", CopyRule::existence},
    PlaceRule{"/.dockerenv", CopyRule::existence},
    PlaceRule{"/dev/cgroup/", CopyRule::content},  // where old systems mounted control groups
    PlaceRule{"/dev/cpuset/", CopyRule::content},
    PlaceRule{"/cgroup/", CopyRule::content},
    PlaceRule{"/dev/", CopyRule::existence},
    PlaceRule{"/usr/lib/", CopyRule::existence},
    PlaceRule{"/usr/lib64/", CopyRule::existence},
    PlaceRule{"/usr/local/lib/", CopyRule::existence},
    PlaceRule{"/lib/", CopyRule::existence},
    PlaceRule{"/opt/", CopyRule::existence},
    PlaceRule{"/vendor/lib64/", CopyRule::existence},
};

// Names of files, and keys of lines, that identify one machine among its like.
constexpr std::array<std::string_view, 15> k_identifying{
    "serial", "uuid",       "asset",    "wwid",   "wwn",    "nguid",  "eui64",    "nqn",
    "hostid", "machine-id", "hostname", "mac_ad", "mac-ad", "mac ad", "unique_id"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return lower;
}

bool is_identifying(std::string_view name) {
  const std::string lower = lower_case(name);
  return std::any_of(k_identifying.begin(), k_identifying.end(), [&lower](std::string_view mark) {
    return lower.find(mark) != std::string::npos;
  });
}

std::string_view file_name(std::string_view absolute) {
  return absolute.substr(absolute.rfind('/') + 1);
}

/// The lines that `keep` wants.
template <typename Keep>
std::string lines_where(std::string_view content, Keep keep) {
  std::string kept;
  for (std::string_view rest = content; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const std::string_view line = rest.substr(0, end + 1);
    if (keep(line)) kept += line;
    rest.remove_prefix(end + 1);
  }
  return kept;
}

template <std::size_t N>
bool starts_with_any(std::string_view line, const std::array<std::string_view, N>& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [line](std::string_view start) { return line.starts_with(start); });
}

/// "Linux version RELEASE", and whether Microsoft built it; not by whom on which host.
std::string recorded_version(std::string_view content) {
  std::string text(content.substr(0, content.find(" (")));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const bool microsoft = lower_case(content).find("microsoft") != std::string::npos;
  return text + (microsoft ? " (microsoft)\n" : "\n");
}

/// A line of mountinfo without names that people gave: of a source, devices alone; of its options,
/// whether it compresses. proc(5): id parent major:minor root point options [...] - type source
/// options
std::string recorded_mount(std::string_view line) {
  constexpr std::string_view k_dash = " - ";
  const std::size_t dash = line.find(k_dash);
  const auto before = split(line.substr(0, dash), ' ');
  const auto after = split(trim(line.substr(dash + k_dash.size())), ' ');
  if (before.size() < 6 || after.size() < 2) return {};
  const bool device = after[1].starts_with("/dev/") && !after[1].starts_with("/dev/mapper/");
  const bool compressed = after.size() > 2 && after[2].find("compress") != std::string_view::npos;
  const bool whole_root = before[4] != "/etc/resolv.conf";  // whose root names the container
  return fmt::format("{} {} {} {} {} rw - {} {} rw{}\n", before[0], before[1], before[2],
                     whole_root ? "/" : before[3], before[4], after[0],
                     device ? after[1] : std::string_view("none"), compressed ? ",compress" : "");
}

/// Control groups, and what lies under the folders of the system and its users; other mounts name
/// folders and hosts.
std::string recorded_mountinfo(std::string_view content) {
  constexpr std::array<std::string_view, 3> k_points{"/", "/home", "/etc/resolv.conf"};
  constexpr std::size_t k_point = 4;
  std::string kept;
  for (const std::string_view line : split(content, '\n')) {
    const auto fields = split(line, ' ');
    if (line.find(" - cgroup") != std::string_view::npos) {
      kept += fmt::format("{}\n", line);
    } else if (fields.size() > k_point && line.find(" - ") != std::string_view::npos &&
               std::ranges::find(k_points, fields[k_point]) != k_points.end()) {
      kept += recorded_mount(line);
    }
  }
  return kept;
}

/// Control groups only.
std::string recorded_mounts(std::string_view content) {
  return lines_where(content, [](std::string_view line) {
    const auto words = split(line, ' ');
    return words.size() > 2 && words[2].starts_with("cgroup");
  });
}

/// "CRYPT-" of "CRYPT-LUKS2-...": who made a mapped device, not which one it is.
bool is_mapper_kind(std::string_view absolute) {
  return absolute.starts_with("/sys/") && absolute.ends_with("/dm/uuid");
}

std::string recorded_pci_ids(std::string_view content, const PciIds& pci) {
  bool in_vendor = false;
  return lines_where(content, [&](std::string_view line) {
    const bool device = line.starts_with('\t') && !line.starts_with("\t\t");
    const auto id = parse_number<std::uint32_t>(line.substr(device ? 1 : 0, 4), 16);
    if (line.starts_with('#') || line.starts_with("\t\t") || !id) return false;
    if (device) return in_vendor && pci.devices.contains(*id);
    in_vendor = pci.vendors.contains(*id);
    return in_vendor;
  });
}

/// "NAME" of "NAME=value" and "NAME: value"; the device manager's lines start with a type,
/// "E:NAME".
std::string_view key_of(std::string_view line) {
  constexpr std::string_view k_property = "E:";
  if (line.starts_with(k_property)) line.remove_prefix(k_property.size());
  const std::size_t end = line.find_first_of("=:");
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

}  // namespace

CopyRule copy_rule(std::string_view absolute) {
  if (is_identifying(file_name(absolute)) && !is_mapper_kind(absolute)) return CopyRule::never;
  if (absolute.find("/net/") != std::string_view::npos || absolute.ends_with("/dm/name")) {
    return CopyRule::never;
  }
  for (const PlaceRule& place : k_places) {
    const bool folder = place.prefix.ends_with('/');
    const std::string_view bare = place.prefix.substr(0, place.prefix.size() - 1);
    const bool fits =
        folder ? absolute.starts_with(place.prefix) || absolute == bare : absolute == place.prefix;
    if (fits) return place.rule;
  }
  return CopyRule::never;
}

std::string recorded_content(std::string_view absolute, std::string_view content,
                             const PciIds& pci) {
  constexpr std::array<std::string_view, 2> k_status{"Cpus_allowed_list:", "Mems_allowed_list:"};
  constexpr std::array<std::string_view, 4> k_nvidia{
      "Model:", "Bus Type:", "Bus Location:", "Device Minor:"};
  constexpr std::array<std::string_view, 1> k_memory{"E:MEMORY_"};
  constexpr std::array<std::string_view, 1> k_times{"cpu"};
  const std::string_view name = file_name(absolute);
  if (absolute.starts_with("/sys/firmware/dmi/")) return anonymous_smbios(content);
  if (absolute == "/proc/version") return recorded_version(content);
  if (is_mapper_kind(absolute)) return std::string(content.substr(0, content.find('-') + 1));
  if (name == "mountinfo") return recorded_mountinfo(content);
  if (absolute.starts_with("/proc/") && name == "mounts") return recorded_mounts(content);
  if (name == "pci.ids") return recorded_pci_ids(content, pci);
  return lines_where(content, [&](std::string_view line) {
    if (is_identifying(key_of(line))) return false;
    if (absolute == "/proc/self/status") return starts_with_any(line, k_status);
    if (absolute == "/proc/stat") return starts_with_any(line, k_times);
    if (absolute == "/run/udev/data/+dmi:id") return starts_with_any(line, k_memory);
    if (name == "information") return starts_with_any(line, k_nvidia);
    // The driver's version stands before who built it: "... 535.129.03 (builder@host) ...".
    return !(absolute.starts_with("/proc/driver/nvidia/") &&
             line.find('@') != std::string_view::npos);
  });
}

}  // namespace assay
