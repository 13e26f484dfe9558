#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/host_view.hpp"
#include "probes/profile/storage_profile.hpp"

namespace assay {

/// One line of /proc/self/mountinfo.
struct Mount {
  std::string device;  // "259:2"; "0:33" of a file system without a block device of its own
  std::string point;   // "/home"
  std::string filesystem;
  std::string source;   // "/dev/nvme0n1p2", "server:/export", "none"
  std::string options;  // of the file system: "rw,compress=zstd:3"
};

/// The mount that an absolute path lies on; nothing when no line fits.
std::optional<Mount> find_mount(std::string_view mountinfo, std::string_view path);

StorageSource storage_source_of(const Mount& mount);

/// Where the mount's block device is in /sys; nothing when it is not there.
std::optional<std::string> block_folder(const HostView& host, const Mount& mount);

}  // namespace assay
