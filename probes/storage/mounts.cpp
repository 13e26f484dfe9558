#include "probes/storage/mounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// Spaces and the like stand as "\040" in the kernel's tables.
std::string unescaped(std::string_view text) {
  constexpr std::size_t k_digits = 3;
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = text[i] == '\\' && i + k_digits < text.size()
                          ? parse_number<unsigned>(text.substr(i + 1, k_digits), 8)
                          : std::nullopt;
    if (code && *code > 0 && *code < 256) {
      plain += static_cast<char>(*code);
      i += k_digits;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// proc(5): id parent major:minor root mount-point options [optional fields] - type source options
std::optional<Mount> parse_line(std::string_view line) {
  constexpr std::size_t k_device = 2;
  constexpr std::size_t k_point = 4;
  constexpr std::size_t k_fewest = 6;
  const auto fields = split(line, ' ');
  if (fields.size() < k_fewest) return std::nullopt;
  const auto dash = std::find(fields.begin() + k_fewest, fields.end(), "-");
  if (fields.end() - dash < 3) return std::nullopt;
  Mount mount;
  mount.device = std::string(fields[k_device]);
  mount.point = unescaped(fields[k_point]);
  mount.filesystem = unescaped(dash[1]);
  mount.source = unescaped(dash[2]);
  if (fields.end() - dash > 3) mount.options = std::string(dash[3]);
  return mount;
}

bool lies_on(std::string_view path, std::string_view point) {
  if (point == "/") return path.starts_with('/');
  return path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/');
}

using Row = std::pair<std::string_view, StorageSource>;

constexpr std::array k_sources{
    Row{"nfs", StorageSource::network},
    Row{"nfs4", StorageSource::network},
    Row{"cifs", StorageSource::network},
    Row{"smb3", StorageSource::network},
    Row{"ceph", StorageSource::network},
    Row{"lustre", StorageSource::network},
    Row{"afs", StorageSource::network},
    Row{"fuse.sshfs", StorageSource::network},
    Row{"fuse.glusterfs", StorageSource::network},
    Row{"fuse.rclone", StorageSource::network},
    Row{"fuse.s3fs", StorageSource::network},
    Row{"overlay", StorageSource::overlay},
    Row{"aufs", StorageSource::overlay},
    Row{"fuse.fuse-overlayfs", StorageSource::overlay},
    Row{"tmpfs", StorageSource::memory},
    Row{"ramfs", StorageSource::memory},
    Row{"devtmpfs", StorageSource::memory},
    Row{"9p", StorageSource::host_share},
    Row{"virtiofs", StorageSource::host_share},
    Row{"drvfs", StorageSource::host_share},
    Row{"vboxsf", StorageSource::host_share},
    Row{"fuse.vmhgfs-fuse", StorageSource::host_share},
    Row{"zfs", StorageSource::pool},
};

/// The folder of a device-mapper device by the name that /dev/mapper gives it.
std::optional<std::string> mapper_folder(const HostView& host, std::string_view name) {
  for (const std::string& device : host.list("/sys/block")) {
    if (!device.starts_with("dm-")) continue;
    const std::string folder = fmt::format("/sys/block/{}", device);
    const auto text = host.read_text(folder + "/dm/name", 4096);
    if (text && trim(*text) == name) return folder;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Mount> find_mount(std::string_view mountinfo, std::string_view path) {
  std::optional<Mount> best;
  for (const std::string_view line : split(mountinfo, '\n')) {
    auto mount = parse_line(line);
    if (!mount || !lies_on(path, mount->point)) continue;
    // Of two mounts on one folder the later one covers the earlier.
    if (!best || mount->point.size() >= best->point.size()) best = std::move(mount);
  }
  return best;
}

StorageSource storage_source_of(const Mount& mount) {
  for (const auto& [filesystem, source] : k_sources) {
    if (mount.filesystem == filesystem) return source;
  }
  // fuseblk is a program over a block device (ntfs-3g).
  if (mount.filesystem == "fuse" || mount.filesystem.starts_with("fuse.")) {
    return StorageSource::fuse;
  }
  return StorageSource::block;
}

std::optional<std::string> block_folder(const HostView& host, const Mount& mount) {
  const std::string by_number = fmt::format("/sys/dev/block/{}", mount.device);
  if (!mount.device.starts_with("0:") && host.exists(by_number)) return by_number;
  // btrfs has numbers of its own: the source names one of its devices.
  constexpr std::string_view k_mapper = "/dev/mapper/";
  constexpr std::string_view k_dev = "/dev/";
  if (mount.source.starts_with(k_mapper)) {
    return mapper_folder(host, std::string_view(mount.source).substr(k_mapper.size()));
  }
  if (!mount.source.starts_with(k_dev)) return std::nullopt;
  const std::string name = mount.source.substr(k_dev.size());
  const std::string by_name = fmt::format("/sys/class/block/{}", name);
  if (name.find('/') == std::string::npos && host.exists(by_name)) return by_name;
  return std::nullopt;
}

}  // namespace assay
