#include "probes/os/container.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace assay {
namespace {

using Text = Fact<std::string>;
using Marks = std::pair<std::string_view, std::string_view>;

// Files by which managers name themselves: systemd's container interface (systemd.io).
constexpr std::array k_manager_files{"/run/systemd/container", "/run/host/container-manager"};

// Files and folders that one manager makes.
constexpr std::array<Marks, 3> k_marks{{
    {"/run/.containerenv", "podman"},
    {"/run/secrets/kubernetes.io", "kubernetes"},
    {"/var/run/secrets/kubernetes.io", "kubernetes"},
}};

// Marks in the paths of /proc/1/cgroup and /proc/self/cgroup.
constexpr std::array<Marks, 6> k_cgroup_marks{{
    {"kubepods", "kubernetes"},
    {"docker", "docker"},
    {"libpod", "podman"},
    {"containerd", "containerd"},
    {"/lxc", "lxc"},
    {"machine.slice/machine-", "systemd-nspawn"},
}};

// Where managers keep the files that they lay over a container's /etc/resolv.conf: with version 2
// of control groups and a name space, cgroup paths tell nothing.
constexpr std::array<Marks, 4> k_mount_marks{{
    {"/kubelet/", "kubernetes"},
    {"/docker/containers/", "docker"},
    {"/overlay-containers/", "podman"},
    {"containerd", "containerd"},
}};

template <std::size_t Count>
std::optional<std::string> marked(std::string_view text, const std::array<Marks, Count>& marks) {
  for (const auto& [mark, name] : marks) {
    if (text.find(mark) != std::string_view::npos) return std::string(name);
  }
  return std::nullopt;
}

std::optional<Text> named_by_manager(const HostView& host) {
  for (const char* path : k_manager_files) {
    const auto text = host.read_text(path, 4096);
    // WSL's start-up writes "wsl" there; that is no container.
    if (!text || trim(*text).empty() || trim(*text) == "wsl") continue;
    return Text::known(printable(trim(*text), 40), path);
  }
  for (const auto& [path, name] : k_marks) {
    if (host.exists(path)) return Text::known(std::string(name), std::string(path));
  }
  return std::nullopt;
}

/// The variable "container" of the first process; only root may read it.
std::optional<Text> named_by_environment(const HostView& host, bool& denied) {
  const std::string path = "/proc/1/environ";
  const auto text = host.read_text(path, 65536);
  denied = !text && text.error().problem == ReadProblem::denied;
  if (!text) return std::nullopt;
  constexpr std::string_view k_key = "container=";
  for (const std::string_view entry : split(*text, '\0')) {
    if (!entry.starts_with(k_key)) continue;
    const std::string_view name = trim(entry.substr(k_key.size()));
    if (name.empty() || name == "wsl") continue;
    return Text::known(printable(name, 40), path);
  }
  return std::nullopt;
}

std::optional<Text> named_by_mounts(const HostView& host) {
  const std::string path = "/proc/self/mountinfo";
  const auto text = host.read_text(path);
  if (!text) return std::nullopt;
  // proc(5): id parent major:minor root mount-point ...
  constexpr std::size_t k_root = 3;
  constexpr std::size_t k_mount_point = 4;
  for (const std::string_view line : split(*text, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() <= k_mount_point || fields[k_mount_point] != "/etc/resolv.conf") continue;
    if (const auto name = marked(fields[k_root], k_mount_marks)) return Text::known(*name, path);
  }
  return std::nullopt;
}

}  // namespace

Text probe_container(const HostView& host) {
  if (auto named = named_by_manager(host)) return *named;
  bool denied = false;
  if (auto named = named_by_environment(host, denied)) return *named;
  std::string reason;
  bool told = false;
  for (const char* path : {"/proc/1/cgroup", "/proc/self/cgroup"}) {
    const auto text = host.read_text(path);
    if (!text) {
      reason = text.error().reason;
      continue;
    }
    told = true;
    if (const auto name = marked(*text, k_cgroup_marks)) return Text::known(*name, path);
  }
  if (auto named = named_by_mounts(host)) return *named;
  if (host.exists("/.dockerenv")) return Text::known("docker", "/.dockerenv");
  if (!told) return Text::unknown(reason);
  return Text::absent(denied ? "no mark of one in /, in the cgroup paths or in the mounts (the "
                               "first process's environment needs root)"
                             : "no mark of one in /, in the cgroup paths or in the mounts");
}

}  // namespace assay
