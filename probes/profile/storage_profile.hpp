#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/enum_table.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// What lies under a file system: a block device, another computer (network), a program (fuse),
/// other folders (overlay), memory, a folder of the host of this virtual machine (host_share), or a
/// pool that hides its devices (zfs).
enum class StorageSource { block, network, fuse, overlay, memory, host_share, pool };

inline constexpr EnumTable<StorageSource, 7> k_storage_source_names{{{
    {StorageSource::block, "block"},
    {StorageSource::network, "network"},
    {StorageSource::fuse, "fuse"},
    {StorageSource::overlay, "overlay"},
    {StorageSource::memory, "memory"},
    {StorageSource::host_share, "host_share"},
    {StorageSource::pool, "pool"},
}}};

/// `virtual_disk`: what the host of a virtual machine makes of it is not seen from inside.
enum class DriveKind { nvme, ssd, hdd, emmc, ufs, sd_card, virtual_disk, memory };

inline constexpr EnumTable<DriveKind, 8> k_drive_kind_names{{{
    {DriveKind::nvme, "nvme"},
    {DriveKind::ssd, "ssd"},
    {DriveKind::hdd, "hdd"},
    {DriveKind::emmc, "emmc"},
    {DriveKind::ufs, "ufs"},
    {DriveKind::sd_card, "sd_card"},
    {DriveKind::virtual_disk, "virtual"},
    {DriveKind::memory, "memory"},
}}};

/// The file system of the folder where models would lie, and the drive under it.
struct StorageProfile {
  Fact<std::string> filesystem;  // "ext4", "nfs4", "fuse.sshfs"
  Fact<Bytes> free;
  Fact<Bytes> total;  // of the file system
  Fact<StorageSource> source;
  Fact<bool> compressed;  // by the file system: what is read is not what the drive gives
  /// Between the file system and the drive, uppermost first: "crypt", "lvm", "raid".
  Fact<std::vector<std::string>> layers;
  Fact<std::string> device;  // "nvme0n1": the first of device_count
  Fact<std::uint32_t> device_count;
  Fact<std::string> model;
  Fact<Bytes> device_size;
  Fact<DriveKind> kind;
  Fact<bool> rotational;
  Fact<std::string> transport;  // "pcie", "sata", "usb", "virtio"
  /// Of the PCI Express link of an NVMe drive as it is now, after line coding.
  Fact<double> link_bandwidth_bytes_per_second;
};

}  // namespace assay
