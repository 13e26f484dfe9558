#include "probes/storage/block_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

using Text = Fact<std::string>;

constexpr int k_deepest_stack = 16;  // layers of devices on devices

std::string read_line(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  return text ? printable(trim(*text), 80) : std::string();
}

// How device-mapper devices are called by what made them (first part of dm/uuid).
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_mapper_layers{{
    {"CRYPT-", "crypt"},
    {"LVM-", "lvm"},
    {"mpath-", "multipath"},
    {"DMRAID-", "raid"},
    {"VDO-", "vdo"},
}};

std::string layer_name(const HostView& host, const std::string& folder) {
  if (host.exists(folder + "/md")) return "raid";
  const std::string uuid = read_line(host, folder + "/dm/uuid");
  for (const auto& [start, name] : k_mapper_layers) {
    if (uuid.starts_with(start)) return std::string(name);
  }
  return host.exists(folder + "/dm") ? "mapper" : "stacked";
}

/// The whole drive of a partition; the folder itself when it is none.
std::string whole_drive(const HostView& host, const std::string& folder) {
  return host.exists(folder + "/partition") ? folder + "/.." : folder;
}

/// Where the folder really lies: the path names buses and controllers.
std::string real_path(const HostView& host, const std::string& folder) {
  std::error_code error;
  const auto path = std::filesystem::canonical(host.locate(folder), error);
  return error ? std::string() : path.string();
}

struct Drive {
  std::string folder;
  std::string name;  // "nvme0n1"
  std::string path;  // with its buses
  std::vector<std::string> layers;
  std::uint32_t count = 1;
};

std::optional<Drive> find_drive(const HostView& host, const std::string& start) {
  Drive drive;
  drive.folder = whole_drive(host, start);
  for (int depth = 0;; ++depth) {
    const auto below = host.list(drive.folder + "/slaves");
    if (below.empty()) break;
    if (depth == k_deepest_stack) return std::nullopt;
    drive.layers.push_back(layer_name(host, drive.folder));
    drive.count = std::max(drive.count, static_cast<std::uint32_t>(below.size()));
    drive.folder = whole_drive(host, fmt::format("{}/slaves/{}", drive.folder, below.front()));
  }
  if (!host.exists(drive.folder)) return std::nullopt;
  drive.path = real_path(host, drive.folder);
  if (drive.path.empty()) return std::nullopt;
  drive.name = printable(std::filesystem::path(drive.path).filename().string(), 40);
  return drive;
}

/// A drive by its name or by a part of its place in /sys; the first row that fits counts.
struct Place {
  std::string_view name;  // the drive's begins so
  std::string_view part;  // of the path
  std::string_view transport;
  std::optional<DriveKind> kind;  // nothing: by `rotational`
};

// Names: Linux Documentation/admin-guide/devices.txt; paths: the buses as sysfs names them.
constexpr std::array k_places{
    Place{"nvme", "", "pcie", DriveKind::nvme},
    Place{"vd", "", "virtio", DriveKind::virtual_disk},
    Place{"xvd", "", "xen", DriveKind::virtual_disk},
    Place{"mmcblk", "", "mmc", DriveKind::emmc},
    Place{"nbd", "", "network", DriveKind::virtual_disk},
    Place{"rbd", "", "network", DriveKind::virtual_disk},
    Place{"loop", "", "file", DriveKind::virtual_disk},
    Place{"zram", "", "memory", DriveKind::memory},
    Place{"ram", "", "memory", DriveKind::memory},
    Place{"pmem", "", "memory", DriveKind::memory},
    Place{"sd", "/virtio", "virtio", DriveKind::virtual_disk},
    Place{"sd", "/VMBUS", "vmbus", DriveKind::virtual_disk},
    Place{"sd", "/vmbus", "vmbus", DriveKind::virtual_disk},
    Place{"sd", "ufshc", "ufs", DriveKind::ufs},
    Place{"sd", ".ufs", "ufs", DriveKind::ufs},
    Place{"sd", "/usb", "usb", std::nullopt},
    Place{"sd", "/ata", "sata", std::nullopt},
    Place{"sd", "", "scsi", std::nullopt},
};

const Place* find_place(const Drive& drive) {
  const auto row = std::ranges::find_if(k_places, [&drive](const Place& place) {
    return drive.name.starts_with(place.name) && drive.path.find(place.part) != std::string::npos;
  });
  return row == k_places.end() ? nullptr : &*row;
}

// Models by which hypervisors call the disks that they make up.
constexpr std::array<std::string_view, 6> k_virtual_models{
    "QEMU", "VBOX", "VMware", "Virtual Disk", "Virtual disk", "Amazon Elastic Block Store"};

bool is_virtual_model(const std::string& model) {
  return std::ranges::any_of(k_virtual_models, [&model](std::string_view mark) {
    return model.find(mark) != std::string::npos;
  });
}

void describe_kind(const HostView& host, const Drive& drive, StorageProfile& storage) {
  const Place* place = find_place(drive);
  if (place == nullptr) {
    storage.transport = Text::unknown(drive.name + ": a kind of drive that is not known here");
    storage.kind = Fact<DriveKind>::unknown(storage.transport.reason());
    return;
  }
  // An NVMe controller says itself how it is reached (pcie, tcp, rdma).
  const std::string own = read_line(host, drive.folder + "/device/transport");
  storage.transport = Text::known(own.empty() ? std::string(place->transport) : own,
                                  own.empty() ? "its place in /sys" : "the controller's transport");
  const std::string from = fmt::format("{} in /sys", drive.name);
  if (is_virtual_model(storage.model.value_or(""))) {
    storage.kind = Fact<DriveKind>::known(DriveKind::virtual_disk, "its model");
  } else if (read_line(host, drive.folder + "/device/type") == "SD") {
    storage.kind = Fact<DriveKind>::known(DriveKind::sd_card, from);
  } else if (place->kind) {
    storage.kind = Fact<DriveKind>::known(*place->kind, from);
  } else if (storage.rotational.is_known()) {
    storage.kind = Fact<DriveKind>::known(
        storage.rotational.value() ? DriveKind::hdd : DriveKind::ssd, storage.rotational.source());
  } else {
    storage.kind = Fact<DriveKind>::unknown(storage.rotational.reason());
  }
}

/// The PCI function of an NVMe controller: behind the drive, or (with several paths to it) behind
/// a controller of its subsystem.
std::optional<std::string> pci_folder(const HostView& host, const std::string& drive) {
  const std::string direct = drive + "/device/device";
  if (host.exists(direct + "/current_link_speed")) return direct;
  for (const std::string& name : host.list(drive + "/device")) {
    const std::string through = fmt::format("{}/device/{}/device", drive, name);
    if (name.starts_with("nvme") && host.exists(through + "/current_link_speed")) return through;
  }
  return std::nullopt;
}

Fact<double> link_bandwidth(const HostView& host, const Drive& drive) {
  if (!drive.name.starts_with("nvme")) {
    return Fact<double>::absent(drive.name + " has no PCI Express link of its own");
  }
  const auto folder = pci_folder(host, drive.folder);
  if (!folder) return Fact<double>::unknown(drive.name + ": its PCI function tells no link");
  const std::string path = *folder + "/current_link_speed";
  const std::string speed = read_line(host, path);  // "16.0 GT/s PCIe"
  const auto transfers = parse_number<double>(std::string_view(speed).substr(0, speed.find(' ')));
  const auto lanes = parse_number<unsigned>(read_line(host, *folder + "/current_link_width"));
  const auto rate = transfers && lanes ? pcie_bandwidth(*transfers, *lanes) : std::nullopt;
  if (!rate) return Fact<double>::unknown(fmt::format("{}: \"{}\"", path, speed));
  return Fact<double>::known(*rate, fmt::format("{}, {} lanes (lower while idle)", speed, *lanes));
}

void describe_facts(const HostView& host, const Drive& drive, StorageProfile& storage) {
  const std::string from = fmt::format("/sys/block/{}", drive.name);
  const std::string model = read_line(host, drive.folder + "/device/model");
  const std::string card = read_line(host, drive.folder + "/device/name");
  const std::string name = model.empty() ? card : model;
  storage.model = name.empty() ? Text::unknown(from + "/device: no model")
                               : Text::known(name, from + "/device");
  constexpr std::uint64_t k_sector = 512;  // `size` counts these whatever the drive's own are
  const auto sectors = parse_number<std::uint64_t>(read_line(host, drive.folder + "/size"));
  storage.device_size = sectors && *sectors <= UINT64_MAX / k_sector
                            ? Fact<Bytes>::known(Bytes(*sectors * k_sector), from + "/size")
                            : Fact<Bytes>::unknown(from + "/size: no number");
  const std::string rotational = read_line(host, drive.folder + "/queue/rotational");
  storage.rotational = rotational == "0" || rotational == "1"
                           ? Fact<bool>::known(rotational == "1", from + "/queue/rotational")
                           : Fact<bool>::unknown(from + "/queue/rotational: no number");
}

}  // namespace

std::optional<double> pcie_bandwidth(double gigatransfers_per_second, unsigned lanes) {
  struct Generation {
    double gigatransfers;
    double payload;  // share of the bits that is not line coding
  };
  constexpr std::array k_generations{Generation{2.5, 8.0 / 10},     Generation{5.0, 8.0 / 10},
                                     Generation{8.0, 128.0 / 130},  Generation{16.0, 128.0 / 130},
                                     Generation{32.0, 128.0 / 130}, Generation{64.0, 242.0 / 256}};
  constexpr unsigned k_most_lanes = 32;
  if (lanes == 0 || lanes > k_most_lanes) return std::nullopt;
  for (const Generation& row : k_generations) {
    if (gigatransfers_per_second == row.gigatransfers) {
      return row.gigatransfers * 1e9 * row.payload / 8.0 * lanes;
    }
  }
  return std::nullopt;
}

void describe_block_device(const HostView& host, const std::string& folder,
                           StorageProfile& storage) {
  const auto drive = find_drive(host, folder);
  if (!drive) {
    storage.device = Text::unknown(folder + ": its drive was not found");
    return;
  }
  const std::string from = fmt::format("{} and what lies under it", folder);
  storage.layers =
      drive->layers.empty()
          ? Fact<std::vector<std::string>>::absent("the file system lies on the drive itself")
          : Fact<std::vector<std::string>>::known(drive->layers, from);
  storage.device = Text::known(drive->name, from);
  storage.device_count = Fact<std::uint32_t>::known(drive->count, from);
  describe_facts(host, *drive, storage);
  describe_kind(host, *drive, storage);
  storage.link_bandwidth_bytes_per_second = link_bandwidth(host, *drive);
}

}  // namespace assay
