#include "probes/storage/storage_probe.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "probes/storage/block_device.hpp"
#include "probes/storage/mounts.hpp"
#include "probes/storage/space.hpp"

namespace assay {
namespace {

constexpr const char* k_mountinfo = "/proc/self/mountinfo";

/// The nearest folder that is there: results may never have been kept yet.
std::filesystem::path existing_folder(const std::filesystem::path& place) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::weakly_canonical(place, error);
  if (error) folder = std::filesystem::absolute(place, error);
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

void read_space(const std::filesystem::path& folder, StorageProfile& storage) {
  const auto space = filesystem_space(folder);
  if (!space) {
    const std::string reason = space.error().text();
    storage.filesystem = Fact<std::string>::unknown(reason);
    storage.free = storage.total = Fact<Bytes>::unknown(reason);
    return;
  }
  storage.free = Fact<Bytes>::known(space->free, "statvfs of the state folder");
  storage.total = Fact<Bytes>::known(space->total, "statvfs of the state folder");
  storage.filesystem = Fact<std::string>::known(space->type, "statfs of the state folder");
}

/// Without a drive that can be looked at: everything about it has one reason.
void give_up_on_drive(const std::string& reason, StorageProfile& storage) {
  storage.layers = Fact<std::vector<std::string>>::unknown(reason);
  storage.device = Fact<std::string>::unknown(reason);
  storage.device_count = Fact<std::uint32_t>::unknown(reason);
  storage.model = Fact<std::string>::unknown(reason);
  storage.device_size = Fact<Bytes>::unknown(reason);
  storage.kind = Fact<DriveKind>::unknown(reason);
  storage.rotational = Fact<bool>::unknown(reason);
  storage.transport = Fact<std::string>::unknown(reason);
  storage.link_bandwidth_bytes_per_second = Fact<double>::unknown(reason);
}

std::string why_no_drive(StorageSource source) {
  switch (source) {
    case StorageSource::network:
      return "the files lie on another computer";
    case StorageSource::fuse:
      return "a program serves the files (FUSE)";
    case StorageSource::overlay:
      return "an overlay of folders hides its drive";
    case StorageSource::memory:
      return "the files lie in memory";
    case StorageSource::host_share:
      return "the files lie in a folder of this virtual machine's host";
    case StorageSource::pool:
      return "a pool hides its drives";
    case StorageSource::block:
      break;
  }
  return "its block device is not in /sys";
}

void describe_mount(const HostView& host, const std::string& folder, StorageProfile& storage) {
  const auto table = host.read_text(k_mountinfo);
  const auto mount = table ? find_mount(*table, folder) : std::nullopt;
  if (!mount) {
    const std::string reason =
        table ? fmt::format("{}: no mount for {}", k_mountinfo, printable(folder, 120))
              : table.error().reason;
    if (!storage.filesystem.is_known()) storage.filesystem = Fact<std::string>::unknown(reason);
    storage.source = Fact<StorageSource>::unknown(reason);
    storage.compressed = Fact<bool>::unknown(reason);
    give_up_on_drive(reason, storage);
    return;
  }
  const std::string from =
      fmt::format("{}: mount at {}", k_mountinfo, printable(mount->point, 120));
  storage.filesystem = Fact<std::string>::known(printable(mount->filesystem, 40), from);
  const StorageSource source = storage_source_of(*mount);
  storage.source = Fact<StorageSource>::known(source, from);
  // btrfs "compress=", "compress-force="; f2fs "compress_algorithm="; zfs does not say here.
  const bool compresses = mount->options.find("compress") != std::string::npos;
  storage.compressed = source == StorageSource::pool
                           ? Fact<bool>::unknown("a pool does not say in its mount")
                           : Fact<bool>::known(compresses, from);
  const auto block = source == StorageSource::block ? block_folder(host, *mount) : std::nullopt;
  give_up_on_drive(why_no_drive(source), storage);
  if (block) describe_block_device(host, *block, storage);
}

}  // namespace

StorageProfile probe_storage(const HostView& host, const std::filesystem::path& place) {
  StorageProfile storage;
  if (!host.is_live()) {
    const std::string reason = "a recording does not hold free space";
    storage.free = storage.total = Fact<Bytes>::unknown(reason);
    // Where the recorded machine's users keep their files; the running machine's folder says
    // nothing about it.
    describe_mount(host, "/home", storage);
    return storage;
  }
  if (place.empty()) {
    const std::string reason = "no folder was named";
    storage.filesystem = Fact<std::string>::unknown(reason);
    storage.free = storage.total = Fact<Bytes>::unknown(reason);
    storage.source = Fact<StorageSource>::unknown(reason);
    storage.compressed = Fact<bool>::unknown(reason);
    give_up_on_drive(reason, storage);
    return storage;
  }
  const std::filesystem::path folder = existing_folder(place);
  read_space(folder, storage);
  describe_mount(host, folder.string(), storage);
  return storage;
}

}  // namespace assay
