#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "probes/storage/space.hpp"

namespace assay {
namespace {

struct FilesystemMagic {
  std::uint64_t magic;
  std::string_view name;
};

// Source: statfs(2) and linux/magic.h.
constexpr std::array k_filesystems{
    FilesystemMagic{0xEF53, "ext4"},         FilesystemMagic{0x9123683E, "btrfs"},
    FilesystemMagic{0x58465342, "xfs"},      FilesystemMagic{0x01021994, "tmpfs"},
    FilesystemMagic{0x794C7630, "overlay"},  FilesystemMagic{0x6969, "nfs"},
    FilesystemMagic{0xFF534D42, "cifs"},     FilesystemMagic{0xFE534D42, "smb2"},
    FilesystemMagic{0x65735546, "fuse"},     FilesystemMagic{0x01021997, "9p"},
    FilesystemMagic{0x2FC12FC1, "zfs"},      FilesystemMagic{0xF2F52010, "f2fs"},
    FilesystemMagic{0x4D44, "vfat"},         FilesystemMagic{0x2011BAB0, "exfat"},
    FilesystemMagic{0x7366746E, "ntfs3"},    FilesystemMagic{0xCA451A4E, "bcachefs"},
    FilesystemMagic{0x73717368, "squashfs"}, FilesystemMagic{0xF15F, "ecryptfs"},
};

}  // namespace

Result<FilesystemSpace> filesystem_space(const std::filesystem::path& folder) {
  struct statvfs space{};
  struct statfs type{};
  if (::statvfs(folder.c_str(), &space) != 0 || ::statfs(folder.c_str(), &type) != 0) {
    return fail(ErrorCode::io, std::strerror(errno), folder.string());
  }
  FilesystemSpace found;
  found.free = Bytes(std::uint64_t{space.f_bavail} * space.f_frsize);
  found.total = Bytes(std::uint64_t{space.f_blocks} * space.f_frsize);
  const auto magic = static_cast<std::uint64_t>(type.f_type) & 0xFFFFFFFFU;
  found.type = fmt::format("type 0x{:x}", magic);
  for (const FilesystemMagic& row : k_filesystems) {
    if (row.magic == magic) found.type = row.name;
  }
  return found;
}

}  // namespace assay
