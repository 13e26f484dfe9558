// File systems and the drives under them, of hand-made trees laid out as sysfs lays them out.
#include "probes/storage/storage_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/storage/block_device.hpp"
#include "probes/storage/mounts.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string k_pci = "/sys/devices/pci0000:00/0000:00:1d.0/0000:01:00.0";
const std::string k_nvme = k_pci + "/nvme/nvme0/nvme0n1";

/// An NVMe drive with one partition, number 259:2.
MachineTree nvme_tree() {
  MachineTree tree;
  tree.file(k_pci + "/current_link_speed", "16.0 GT/s PCIe\n")
      .file(k_pci + "/current_link_width", "4\n")
      .file(k_pci + "/nvme/nvme0/model", "Samsung SSD 990 PRO 2TB                 \n")
      .file(k_pci + "/nvme/nvme0/serial", "S73WNJ0T000000\n")
      .file(k_pci + "/nvme/nvme0/transport", "pcie\n")
      .link(k_pci + "/nvme/nvme0/device", "../../../0000:01:00.0")
      .file(k_nvme + "/size", "3907029168\n")
      .file(k_nvme + "/queue/rotational", "0\n")
      .link(k_nvme + "/device", "../../nvme0")
      .file(k_nvme + "/nvme0n1p2/partition", "2\n")
      .link("/sys/dev/block/259:2", "../.." + k_nvme.substr(4) + "/nvme0n1p2");
  return tree;
}

void mount(MachineTree& tree, const std::string& number, const std::string& rest) {
  tree.file("/proc/self/mountinfo",
            "22 1 " + number + " / / rw,relatime shared:1 - " + rest + "\n");
}

StorageProfile storage_of(const MachineTree& tree) { return probe_storage(tree.host(), {}); }

TEST(StorageProbe, FindsTheNvmeDriveUnderAPartition) {
  MachineTree tree = nvme_tree();
  mount(tree, "259:2", "ext4 /dev/nvme0n1p2 rw");
  const StorageProfile storage = storage_of(tree);
  EXPECT_EQ(storage.filesystem.value_or(""), "ext4");
  EXPECT_EQ(storage.source.value(), StorageSource::block);
  EXPECT_EQ(storage.device.value_or(""), "nvme0n1");
  EXPECT_EQ(storage.model.value_or(""), "Samsung SSD 990 PRO 2TB");
  EXPECT_EQ(storage.device_size.value_or(Bytes(0)), Bytes(2000398934016));  // as it is sold: 2 TB
  EXPECT_EQ(storage.kind.value(), DriveKind::nvme);
  EXPECT_EQ(storage.transport.value_or(""), "pcie");
  EXPECT_EQ(storage.layers.state(), FactState::absent);
}

TEST(StorageProbe, AnNvmeDriveHasALinkBandwidth) {
  MachineTree tree = nvme_tree();
  mount(tree, "259:2", "ext4 /dev/nvme0n1p2 rw");
  // 4 lanes of generation 4: 7.877 GB/s.
  EXPECT_NEAR(storage_of(tree).link_bandwidth_bytes_per_second.value_or(0), 7.877e9, 1e6);
}

TEST(StorageProbe, ADriveWithSeveralPathsHasThoseOfItsSubsystem) {
  MachineTree tree;
  const std::string subsystem = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0";
  tree.file(subsystem + "/model", "KIOXIA\n")
      .file(subsystem + "/nvme0n1/size", "1000\n")
      .file(subsystem + "/nvme0n1/queue/rotational", "0\n")
      .link(subsystem + "/nvme0n1/device", "../../nvme-subsys0")
      .link(subsystem + "/nvme0", "../../../pci0000:00/0000:01:00.0/nvme/nvme0")
      .link("/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/device", "../../../0000:01:00.0")
      .file("/sys/devices/pci0000:00/0000:01:00.0/current_link_speed", "8.0 GT/s PCIe\n")
      .file("/sys/devices/pci0000:00/0000:01:00.0/current_link_width", "2\n")
      .link("/sys/dev/block/259:0", "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1");
  mount(tree, "259:0", "xfs /dev/nvme0n1 rw");
  EXPECT_NEAR(storage_of(tree).link_bandwidth_bytes_per_second.value_or(0), 1.9692e9, 1e6);
}

TEST(StorageProbe, FollowsVolumesAndEncryptionDown) {
  MachineTree tree = nvme_tree();
  const std::string block = "/sys/devices/virtual/block";
  tree.file(block + "/dm-1/dm/uuid", "LVM-AbCdEf\n")
      .link(block + "/dm-1/slaves/dm-0", "../../dm-0")
      .file(block + "/dm-0/dm/uuid", "CRYPT-LUKS2-0a1b-cryptroot\n")
      .link(block + "/dm-0/slaves/nvme0n1p2", "../../../../.." + k_nvme.substr(4) + "/nvme0n1p2")
      .link("/sys/dev/block/254:1", "../../devices/virtual/block/dm-1");
  mount(tree, "254:1", "ext4 /dev/mapper/vg-root rw");
  const StorageProfile storage = storage_of(tree);
  EXPECT_THAT(storage.layers.value_or({}), ElementsAre("lvm", "crypt"));
  EXPECT_EQ(storage.device.value_or(""), "nvme0n1");
  EXPECT_EQ(storage.device_count.value_or(0), 1U);
}

TEST(StorageProbe, CountsTheDrivesOfAnArray) {
  MachineTree tree;
  const std::string array = "/sys/devices/virtual/block/md0";
  tree.file(array + "/md/level", "raid0\n")
      .file("/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/block/sda/queue/rotational", "1\n")
      .file("/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/block/sda/size", "7814037168\n")
      .link(array + "/slaves/sda", "../../../../pci0000:00/0000:00:17.0/ata1/host0/block/sda")
      .link(array + "/slaves/sdb", "../../../../pci0000:00/0000:00:17.0/ata2/host1/block/sdb")
      .link("/sys/dev/block/9:0", "../../devices/virtual/block/md0");
  mount(tree, "9:0", "xfs /dev/md0 rw");
  const StorageProfile storage = storage_of(tree);
  EXPECT_THAT(storage.layers.value_or({}), ElementsAre("raid"));
  EXPECT_EQ(storage.device_count.value_or(0), 2U);
  EXPECT_EQ(storage.kind.value(), DriveKind::hdd);
  EXPECT_EQ(storage.transport.value_or(""), "sata");
}

TEST(StorageProbe, ALoopOfSlavesEnds) {
  MachineTree tree;
  const std::string block = "/sys/devices/virtual/block";
  tree.link(block + "/dm-0/slaves/dm-0", "../../dm-0")
      .link("/sys/dev/block/254:0", "../../devices/virtual/block/dm-0");
  mount(tree, "254:0", "ext4 /dev/mapper/x rw");
  EXPECT_EQ(storage_of(tree).device.state(), FactState::unknown);
}

TEST(StorageProbe, BtrfsIsFoundByItsSource) {
  MachineTree tree = nvme_tree();
  tree.link("/sys/class/block/nvme0n1p2", "../.." + k_nvme.substr(4) + "/nvme0n1p2");
  mount(tree, "0:28", "btrfs /dev/nvme0n1p2 rw,ssd,compress=zstd:1,subvol=/root");
  const StorageProfile storage = storage_of(tree);
  EXPECT_EQ(storage.device.value_or(""), "nvme0n1");
  EXPECT_TRUE(storage.compressed.value_or(false));
}

TEST(StorageProbe, BtrfsOnAnEncryptedDriveIsFoundByItsMapperName) {
  MachineTree tree = nvme_tree();
  const std::string block = "/sys/devices/virtual/block/dm-0";
  tree.file(block + "/dm/uuid", "CRYPT-LUKS2-0a1b\n")
      .file(block + "/dm/name", "luks-home\n")
      .link(block + "/slaves/nvme0n1p2", "../../../../.." + k_nvme.substr(4) + "/nvme0n1p2")
      .link("/sys/block/dm-0", "../devices/virtual/block/dm-0");
  mount(tree, "0:28", "btrfs /dev/mapper/luks-home rw");
  const StorageProfile storage = storage_of(tree);
  EXPECT_THAT(storage.layers.value_or({}), ElementsAre("crypt"));
  EXPECT_FALSE(storage.compressed.value_or(true));
}

TEST(StorageProbe, AVirtualDiskIsNoHardDisk) {
  MachineTree tree;  // virtio disks call themselves rotational
  tree.file("/sys/devices/pci0000:00/0000:00:05.0/virtio2/block/vda/queue/rotational", "1\n")
      .file("/sys/devices/pci0000:00/0000:00:05.0/virtio2/block/vda/size", "67108864\n")
      .link("/sys/dev/block/254:0", "../../devices/pci0000:00/0000:00:05.0/virtio2/block/vda");
  mount(tree, "254:0", "ext4 /dev/vda rw");
  const StorageProfile storage = storage_of(tree);
  EXPECT_EQ(storage.kind.value(), DriveKind::virtual_disk);
  EXPECT_EQ(storage.transport.value_or(""), "virtio");
  EXPECT_EQ(storage.link_bandwidth_bytes_per_second.state(), FactState::absent);
}

TEST(StorageProbe, ACardAndASolderedChipDiffer) {
  for (const auto& [type, kind] :
       {std::pair("SD\n", DriveKind::sd_card), std::pair("MMC\n", DriveKind::emmc)}) {
    MachineTree tree;
    const std::string host = "/sys/devices/platform/soc/mmc0";
    tree.file(host + "/mmc0:0001/type", type)
        .file(host + "/mmc0:0001/name", "BJTD4R\n")
        .file(host + "/mmc0:0001/block/mmcblk0/queue/rotational", "0\n")
        .link(host + "/mmc0:0001/block/mmcblk0/device", "../../../mmc0:0001")
        .link("/sys/dev/block/179:0", "../../devices/platform/soc/mmc0/mmc0:0001/block/mmcblk0");
    mount(tree, "179:0", "ext4 /dev/mmcblk0 rw");
    const StorageProfile storage = storage_of(tree);
    EXPECT_EQ(storage.kind.value(), kind);
    EXPECT_EQ(storage.model.value_or(""), "BJTD4R");
  }
}

TEST(StorageProbe, NeverReadsASerialNumber) {
  MachineTree tree = nvme_tree();
  mount(tree, "259:2", "ext4 /dev/nvme0n1p2 rw");
  const StorageProfile storage = storage_of(tree);
  for (const auto& text : {storage.model, storage.device, storage.transport}) {
    EXPECT_THAT(text.value_or(""), testing::Not(HasSubstr("S73WNJ0T")));
  }
}

/// File systems that have no drive here.
struct OtherSource {
  const char* line;
  const char* filesystem;
  StorageSource source;
};

void PrintTo(const OtherSource& row, std::ostream* out) { *out << row.filesystem; }

class OtherSources : public testing::TestWithParam<OtherSource> {};

TEST_P(OtherSources, AreNamedAsWhatTheyAre) {
  MachineTree tree;
  mount(tree, "0:45", GetParam().line);
  const StorageProfile storage = storage_of(tree);
  EXPECT_EQ(storage.filesystem.value_or(""), GetParam().filesystem);
  ASSERT_TRUE(storage.source.is_known());
  EXPECT_EQ(storage.source.value(), GetParam().source);
  EXPECT_EQ(storage.device.state(), FactState::unknown);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, OtherSources,
    testing::Values(OtherSource{"nfs4 nas:/export rw,vers=4.2", "nfs4", StorageSource::network},
                    OtherSource{"cifs //nas/share rw", "cifs", StorageSource::network},
                    OtherSource{"fuse.sshfs me@nas: rw", "fuse.sshfs", StorageSource::network},
                    OtherSource{"fuse.gocryptfs /x rw", "fuse.gocryptfs", StorageSource::fuse},
                    OtherSource{"overlay overlay rw,lowerdir=/a,upperdir=/b", "overlay",
                                StorageSource::overlay},
                    OtherSource{"tmpfs tmpfs rw", "tmpfs", StorageSource::memory},
                    OtherSource{"9p C:\\134 rw,aname=drvfs", "9p", StorageSource::host_share},
                    OtherSource{"virtiofs share rw", "virtiofs", StorageSource::host_share},
                    OtherSource{"zfs tank/home rw", "zfs", StorageSource::pool}));

TEST(Mounts, TheLongestFolderThatFitsWins) {
  const std::string table =
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 8:2 / /home rw - xfs /dev/sda2 rw\n"
      "3 1 8:3 / /home2 rw - btrfs /dev/sda3 rw\n";
  EXPECT_EQ(find_mount(table, "/home/me/models")->device, "8:2");
  EXPECT_EQ(find_mount(table, "/home2")->device, "8:3");
  EXPECT_EQ(find_mount(table, "/homeless")->device, "8:1");
}

TEST(Mounts, TheLaterOfTwoOnOneFolderCoversTheOther) {
  const std::string table =
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 0:40 / / rw - overlay overlay rw\n";
  EXPECT_EQ(find_mount(table, "/x")->filesystem, "overlay");
}

TEST(Mounts, EscapesAreUndone) {
  const auto found = find_mount("1 0 8:1 / /my\\040disk rw - ext4 /dev/sda1 rw\n", "/my disk/x");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->point, "/my disk");
}

TEST(Mounts, GarbageIsPassedOver) {
  EXPECT_FALSE(find_mount("garbage\n1 2 3 4 5 6 7 8\n\\0\\04 - - -\n", "/"));
}

TEST(StorageProbe, ARecordingWithoutMountsSaysNothing) {
  const MachineTree tree;
  const StorageProfile storage = storage_of(tree);
  EXPECT_EQ(storage.filesystem.state(), FactState::unknown);
  EXPECT_EQ(storage.kind.state(), FactState::unknown);
  EXPECT_EQ(storage.free.state(), FactState::unknown);
}

TEST(PcieBandwidth, KnowsTheGenerations) {
  EXPECT_NEAR(pcie_bandwidth(2.5, 1).value_or(0), 0.25e9, 1);
  EXPECT_NEAR(pcie_bandwidth(5.0, 2).value_or(0), 1e9, 1);
  EXPECT_NEAR(pcie_bandwidth(32.0, 4).value_or(0), 15.754e9, 1e6);
  EXPECT_FALSE(pcie_bandwidth(7.0, 4));
  EXPECT_FALSE(pcie_bandwidth(16.0, 0));
  EXPECT_FALSE(pcie_bandwidth(16.0, 4000));
}

TEST(StorageNames, ReadBack) {
  for (const auto& row : k_storage_source_names.rows) {
    EXPECT_EQ(k_storage_source_names.value(row.name), row.value);
  }
  for (const auto& row : k_drive_kind_names.rows) {
    EXPECT_EQ(k_drive_kind_names.value(row.name), row.value);
  }
}

}  // namespace
}  // namespace assay
