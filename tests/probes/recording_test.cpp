#include "probes/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "probes/machine_profile_json.hpp"
#include "probes/probe.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::string k_fixtures = ASSAY_TEST_ROOT "/fixtures/";
const std::string k_secret_serial = "S3RIAL0042";
const std::string k_secret_uuid = "4c4c4544-0042-3510-8052-b4c04f4e4d32";
const std::string k_secret_address = "a4:bb:6d:12:34:56";
const std::string k_secret_container =
    "8f3c1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The profile as JSON, without what names the place of the recording.
Json facts_of(const HostView& host) {
  DocumentNotes notes;
  Json machine = profile_to_json(probe_machine(host), "", notes);
  machine.erase("root");
  for (auto* map : {&notes.sources, &notes.reasons}) {
    for (const auto& [pointer, text] : *map) machine["notes"][pointer] = text;
  }
  return machine;
}

/// An SMBIOS structure: formatted part without header, then strings.
std::string structure(std::uint8_t type, const std::string& body,
                      const std::vector<std::string>& strings) {
  std::string text{static_cast<char>(type), static_cast<char>(body.size() + 4), '\1', '\0'};
  text += body;
  for (const std::string& one : strings) text += one + '\0';
  if (strings.empty()) text += '\0';
  return text + '\0';
}

/// Type 17 (DSP0134 7.18): 64 bits, 16 GiB, DDR5 at 4800 MT/s.
std::string memory_device() {
  std::string body(0x22 - 4, '\0');
  const auto put = [&body](std::size_t offset, std::initializer_list<int> bytes) {
    for (const int byte : bytes) body[offset++ - 4] = static_cast<char>(byte);
  };
  put(0x08, {64, 0, 64, 0, 0x00, 0x40});  // widths, 16384 MiB
  put(0x10, {1, 2, 0x22});                // locator, bank, DDR5
  put(0x15, {0xC0, 0x12});                // 4800
  put(0x17, {3, 4, 5, 6});                // maker, serial number, asset tag, part number
  put(0x20, {0xC0, 0x12});
  return structure(17, body,
                   {"DIMM A", "P0 CHANNEL A", "Maker", k_secret_serial, "jane-asset", "PART-1"});
}

std::string firmware_table() {
  const std::string uuid = "LDUU" + std::string("jane-workstation");  // 16 bytes
  return structure(1, std::string("\1\2\3\4", 4) + uuid.substr(4) + std::string(3, '\0'),
                   {"Vendor", "Model", "1.0", k_secret_serial}) +
         memory_device() + structure(127, "", {});
}

/// LUKS on an NVMe drive, with the numbers that both have.
void add_encrypted_drive(MachineTree& tree) {
  const std::string mapped = "/sys/devices/virtual/block/dm-0";
  const std::string drive = "/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1";
  tree.file(mapped + "/dm/uuid", "CRYPT-LUKS2-" + k_secret_uuid.substr(0, 8) + "-jane\n");
  tree.file(mapped + "/dm/name", "jane--vg-root\n");
  tree.link(mapped + "/slaves/nvme0n1", "../../../../pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1");
  tree.link("/sys/dev/block/253:0", "../../devices/virtual/block/dm-0");
  tree.file(drive + "/size", "2000409264\n").file(drive + "/queue/rotational", "0\n");
  tree.file(drive + "/wwid", "eui." + k_secret_serial + "\n");
  tree.file(drive + "/../model", "Example SSD 1TB\n");
  tree.file(drive + "/../serial", k_secret_serial + "\n");
  tree.link(drive + "/device", "../../nvme0");
}

/// A laptop whose owner and serial numbers stand wherever machines have them.
MachineTree owned_laptop() {
  MachineTree tree;
  tree.file("/etc/hostname", "jane-workstation\n");
  tree.file("/proc/sys/kernel/hostname", "jane-workstation\n");
  tree.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\njane:x:1000:1000::/home/jane:/bin/sh\n");
  tree.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  tree.file("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12\"\n");
  tree.file("/proc/version", "Linux version 6.1.0 (jane@jane-workstation) (gcc 12) #1 SMP\n");
  tree.file("/proc/sys/kernel/osrelease", "6.1.0\n");
  tree.file("/proc/cmdline", "root=UUID=" + k_secret_uuid + " user=jane\n");
  tree.file("/proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n");
  tree.file("/proc/cpuinfo",
            "processor : 0\nvendor_id : GenuineIntel\nmodel name : Example\nflags : fpu lm avx "
            "avx2 fma\n\nSerial : " +
                k_secret_serial + "\n");
  const std::string group = "/user.slice/jane.scope/docker-" + k_secret_container + ".scope";
  tree.file("/proc/self/cgroup", "0::" + group + "\n");
  tree.file("/proc/1/cgroup", "0::/\n");
  tree.file("/proc/self/status", "Name:\tjane\nCpus_allowed_list:\t0-1\nPid:\t42\nGroups:\t1000\n");
  tree.file("/proc/self/mountinfo",
            "24 1 8:1 / /home/jane rw - ext4 /dev/disk/by-uuid/" + k_secret_uuid +
                " rw\n30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n" +
                "31 1 253:0 /@jane / rw shared:1 - btrfs /dev/mapper/jane--vg-root "
                "rw,compress=zstd,subvol=/@jane\n32 1 0:50 / /mnt/nas rw - nfs4 "
                "jane-workstation:/export rw\n33 1 8:2 /docker/containers/" +
                k_secret_container + "/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda2 rw\n");
  add_encrypted_drive(tree);
  tree.file("/sys/firmware/dmi/entries/17-0/raw", memory_device());
  tree.file("/sys/firmware/dmi/entries/1-0/raw", firmware_table());
  tree.file("/run/udev/data/+dmi:id",
            "E:ID_SERIAL=" + k_secret_serial +
                "\nE:MEMORY_DEVICE_0_SIZE=17179869184\nE:MEMORY_DEVICE_0_SERIAL_NUMBER=" +
                k_secret_serial + "\nE:MEMORY_DEVICE_0_ASSET_TAG=jane-asset\n");
  tree.file("/proc/1/environ", "HOSTNAME=jane-workstation");
  tree.file("/sys/firmware/devicetree/base/compatible", std::string("maker,board\0", 12));
  tree.file("/sys/firmware/devicetree/base/model", std::string("Maker Board\0", 12));
  tree.file("/sys/firmware/devicetree/base/serial-number", k_secret_serial);
  tree.file("/sys/firmware/devicetree/base/chosen/bootargs", "user=jane");
  tree.link("/proc/device-tree", "../sys/firmware/devicetree/base");
  tree.file("/sys/fs/cgroup" + group + "/memory.max", "8000000000\n");
  tree.file("/sys/fs/cgroup" + group + "/memory.current", "1000000000\n");
  tree.file("/sys/fs/cgroup/cgroup.controllers", "memory cpu\n");
  tree.file("/sys/firmware/dmi/tables/DMI", firmware_table());
  tree.file("/sys/class/dmi/id/product_name", "Model\n");
  tree.file("/sys/class/dmi/id/sys_vendor", "Vendor\n");
  tree.file("/sys/class/dmi/id/product_serial", k_secret_serial + "\n");
  tree.file("/sys/class/dmi/id/product_uuid", k_secret_uuid + "\n");
  tree.file("/sys/devices/pci0000:00/0000:00:01.0/vendor", "0x10de\n");
  tree.file("/sys/devices/pci0000:00/0000:00:01.0/device", "0x2684\n");
  tree.file("/sys/devices/pci0000:00/0000:00:01.0/class", "0x030000\n");
  tree.link("/sys/devices/pci0000:00/0000:00:01.0/driver", "../../../bus/pci/drivers/nvidia");
  tree.link("/sys/bus/pci/devices/0000:00:01.0", "../../../devices/pci0000:00/0000:00:01.0");
  tree.file("/proc/driver/nvidia/gpus/0000:00:01.0/information",
            "Model: \t\t NVIDIA Example\nGPU UUID: \t GPU-" + k_secret_uuid +
                "\nVideo BIOS: \t jane\nBus Location: \t 0000:00:01.0\n");
  tree.file("/sys/class/power_supply/BAT0/type", "Battery\n");
  tree.file("/sys/class/power_supply/BAT0/status", "Discharging\n");
  tree.file("/sys/class/power_supply/BAT0/serial_number", k_secret_serial + "\n");
  tree.file("/sys/class/power_supply/BAT0/uevent",
            "POWER_SUPPLY_TYPE=Battery\nPOWER_SUPPLY_SERIAL_NUMBER=" + k_secret_serial + "\n");
  tree.file("/sys/class/power_supply/hid-" + k_secret_address + "-battery/type", "Battery\n");
  tree.file("/sys/class/power_supply/hid-" + k_secret_address + "-battery/scope", "Device\n");
  tree.file("/sys/class/net/eth0/address", k_secret_address + "\n");
  tree.file("/sys/class/nvme/nvme0/serial", k_secret_serial + "\n");
  for (const char* cpu : {"0", "1"}) {
    const std::string folder = std::string("/sys/devices/system/cpu/cpu") + cpu;
    tree.file(folder + "/topology/thread_siblings_list", std::string(cpu) + "\n");
    tree.file(folder + "/topology/thread_siblings", cpu == std::string("0") ? "1\n" : "2\n");
    tree.file(folder + "/topology/core_id", std::string(cpu) + "\n");
    tree.file(folder + "/topology/physical_package_id", "0\n");
  }
  tree.file("/sys/devices/system/cpu/online", "0-1\n");
  return tree;
}

TEST(RecordMachine, AHandMadeTreeReplaysToTheSameFacts) {
  const MachineTree tree = owned_laptop();
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  const auto done = record_machine(tree.host(), folder, identity_of(tree.host()), {});
  ASSERT_TRUE(done) << done.error().text();
  const auto replayed = open_recording(folder);
  ASSERT_TRUE(replayed) << replayed.error().text();
  Json before = facts_of(tree.host());
  Json after = facts_of(*replayed);
  // Facts of the machine alone: its id is made of what a recording leaves out.
  EXPECT_NE(before["id"], after["id"]);
  before.erase("id");
  after.erase("id");
  // Names of people stand in the paths of control groups.
  for (const char* fact : {"/memory/limit_bytes", "/memory/limit_headroom_bytes"}) {
    EXPECT_THAT(before["notes"][fact].get<std::string>(), HasSubstr("jane.scope/docker-8f3c"));
    EXPECT_THAT(after["notes"][fact].get<std::string>(), Not(HasSubstr("jane")));
    before["notes"].erase(fact);
    after["notes"].erase(fact);
  }
  EXPECT_EQ(before, after) << Json::diff(before, after).dump(2);
  EXPECT_EQ(after["memory"]["limit_bytes"], 8'000'000'000);
  EXPECT_EQ(after["os"]["container"], "docker");
  EXPECT_EQ(after["cpu"]["logical_cores"], 2);
  EXPECT_EQ(after["gpus"][0]["name"], "NVIDIA Example");
  EXPECT_EQ(after["gpus"][0]["driver"], "nvidia");
  EXPECT_EQ(after["power"]["on_battery"], true);
  EXPECT_EQ(after["storage"]["layers"], Json({"crypt"}));
  EXPECT_EQ(after["storage"]["device"], "nvme0n1");
  EXPECT_EQ(after["storage"]["compressed"], true);
  EXPECT_EQ(after["memory"]["theoretical_bandwidth_bytes_per_second"], 38.4e9);
}

TEST(RecordMachine, HoldsNothingThatNamesTheMachineOrItsUsers) {
  const MachineTree tree = owned_laptop();
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  const std::vector<RecordingNote> notes{
      {"profile.json", "{\"state\": \"/home/jane/.local/state on jane-workstation\"}"}};
  ASSERT_TRUE(record_machine(tree.host(), folder, identity_of(tree.host()), notes));
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string text = entry.path().lexically_relative(folder).string() + "\n";
    if (entry.is_symlink()) {
      text += fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      text += read_all(entry.path());
    }
    ++files;
    for (const std::string& secret :
         {k_secret_serial, k_secret_uuid, k_secret_address, k_secret_container, std::string("jane"),
          std::string("0123456789abcdef0123456789abcdef")}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << entry.path();
    }
  }
  EXPECT_GE(files, 40U);  // the search was not for nothing
  EXPECT_FALSE(fs::exists(folder / "sys/class/net"));
  EXPECT_FALSE(fs::exists(folder / "proc/cmdline"));
  EXPECT_FALSE(fs::exists(folder / "proc/1/environ"));
}

TEST(RecordMachine, SingleEntriesOfTheFirmwareTableAreCleanedToo) {
  MachineTree tree;
  tree.file("/proc/meminfo", "MemTotal: 16000000 kB\n");
  tree.file("/sys/firmware/dmi/entries/17-0/raw", memory_device());
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  ASSERT_TRUE(record_machine(tree.host(), folder, {}, {}));
  const std::string entry = read_all(folder / "sys/firmware/dmi/entries/17-0/raw");
  EXPECT_THAT(entry, HasSubstr("PART-1"));
  EXPECT_THAT(entry, Not(HasSubstr(k_secret_serial)));
  EXPECT_THAT(entry, Not(HasSubstr("jane")));
}

TEST(RecordMachine, KeepsWhatTheDeviceManagerSaysOfModulesWithoutTheirNumbers) {
  MachineTree tree;
  tree.file("/proc/meminfo", "MemTotal: 16000000 kB\n");
  tree.file("/run/udev/data/+dmi:id",
            "E:ID_SERIAL=" + k_secret_serial +
                "\nE:MEMORY_DEVICE_0_SIZE=17179869184\nE:MEMORY_DEVICE_0_SERIAL_NUMBER=" +
                k_secret_serial + "\n");
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  ASSERT_TRUE(record_machine(tree.host(), folder, {}, {}));
  EXPECT_EQ(read_all(folder / "run/udev/data/+dmi:id"), "E:MEMORY_DEVICE_0_SIZE=17179869184\n");
}

TEST(RecordMachine, KeepsTheNamesOfLibrariesThatDriveANeuralProcessor) {
  MachineTree tree;
  tree.file("/sys/bus/pci/devices/0000:00:0b.0/vendor", "0x8086\n");
  tree.file("/sys/bus/pci/devices/0000:00:0b.0/device", "0x7d1d\n");
  tree.file("/sys/bus/pci/devices/0000:00:0b.0/class", "0x120000\n");
  const std::string libraries = "/usr/lib/x86_64-linux-gnu/";
  tree.file(libraries + "libze_intel_npu.so.1.17", std::string(10000, 'x'));
  tree.link(libraries + "libze_loader.so.1", "libze_loader.so.1.20");
  tree.file(libraries + "libze_loader.so.1.20", "x").file(libraries + "libjane.so", "x");
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  ASSERT_TRUE(record_machine(tree.host(), folder, {}, {}));
  const auto replayed = open_recording(folder);
  ASSERT_TRUE(replayed) << replayed.error().text();
  const MachineProfile machine = probe_machine(*replayed);
  ASSERT_EQ(machine.npus.size(), 1U);
  EXPECT_EQ(machine.npus[0].runtime.value_or(""), "Level Zero");
  EXPECT_FALSE(fs::exists(folder / (libraries.substr(1) + "libjane.so")));
  EXPECT_EQ(read_all(folder / (libraries.substr(1) + "libze_intel_npu.so.1.17")), "");
}

TEST(RecordMachine, TheFirmwareTableKeepsItsStructure) {
  const MachineTree tree = owned_laptop();
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  ASSERT_TRUE(record_machine(tree.host(), folder, {}, {}));
  const std::string table = read_all(folder / "sys/firmware/dmi/tables/DMI");
  EXPECT_EQ(table.size(), firmware_table().size());
  EXPECT_THAT(table, HasSubstr("P0 CHANNEL A"));
  EXPECT_THAT(table, HasSubstr("PART-1"));
  EXPECT_THAT(table, Not(HasSubstr("workstation")));
}

TEST(RecordMachine, LeavesAFolderThatIsNotEmptyAsItIs) {
  const MachineTree tree = owned_laptop();
  MachineTree place;
  place.file("/recording/mine", "kept");
  const auto done = record_machine(tree.host(), place.root() / "recording", {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::io);
  EXPECT_EQ(read_all(place.at("/recording/mine")), "kept");
  EXPECT_EQ(std::distance(fs::directory_iterator(place.root()), {}), 1);  // and nothing beside it
}

TEST(RecordMachine, LeavesNothingBehindWhereItCannotWrite) {
  const MachineTree tree = owned_laptop();
  MachineTree place;
  place.file("/file", "no folder");
  const auto done = record_machine(tree.host(), place.root() / "file/recording", {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::io);
}

TEST(RecordMachine, FillsAnEmptyFolder) {
  const MachineTree tree = owned_laptop();
  MachineTree place;
  place.directory("/recording");
  ASSERT_TRUE(record_machine(tree.host(), place.root() / "recording", {}, {}));
  EXPECT_TRUE(fs::exists(place.at("/recording/proc/meminfo")));
}

TEST(RecordMachine, AnEndlessFileIsCut) {
  MachineTree tree = owned_laptop();
  tree.file("/proc/pressure/memory", std::string(std::size_t{9} << 20U, 'x'));
  MachineTree place;
  ASSERT_TRUE(record_machine(tree.host(), place.root() / "recording", {}, {}));
  EXPECT_EQ(fs::file_size(place.at("/recording/proc/pressure/memory")), std::size_t{8} << 20U);
}

class RecordedFixture : public testing::TestWithParam<const char*> {};

/// A recording of a recording shows the same machine, whatever the kind.
TEST_P(RecordedFixture, ReplaysToTheSameFacts) {
  const UnpackedArchive archive(std::string("machines/") + GetParam() + ".tar.bz2");
  ASSERT_FALSE(archive.root().empty());
  const auto original = open_recording(archive.root());
  ASSERT_TRUE(original) << original.error().text();
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  const auto done = record_machine(*original, folder, {}, {});
  ASSERT_TRUE(done) << done.error().text();
  const auto replayed = open_recording(folder);
  ASSERT_TRUE(replayed) << replayed.error().text();
  EXPECT_EQ(Json::diff(facts_of(*original), facts_of(*replayed)), Json::array());
}

INSTANTIATE_TEST_SUITE_P(Machines, RecordedFixture,
                         testing::Values("20em64t-hybrid-1p6c2t+2ca4co1t", "nvidia-dgx-gb10",
                                         "5intel64-hybrid-lakefield", "32amd64-4s2n4c-cgroup2",
                                         "16em64t-4s2c2t-offlines", "nvidiagpunumanodes",
                                         "40intel64-2g2n4c+pcilocality"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase_if(name, [](char letter) {
                             return std::isalnum(static_cast<unsigned char>(letter)) == 0;
                           });
                           return name;
                         });

/// Whether a fact is there, in the place of its value.
void keep_presence(Json& section, const char* fact) {
  if (section.contains(fact)) section[fact] = !section[fact].is_null();
}

/// Leaves out what only the running machine tells, and of what changes from one moment to the next
/// all but that it is there.
void forget_the_moment(Json& machine) {
  machine.erase("root");
  machine.erase("id");       // made of /etc/machine-id too, which is not recorded
  machine.erase("storage");  // of the folder where results are kept
  for (Json& npu : machine["npus"]) {
    npu.erase("accessible");
    npu.erase("usable");  // follows from it
  }
  // Drivers' libraries list devices that are programs, and say most of the others.
  Json gpus = Json::array();
  for (const Json& gpu : machine["gpus"]) {
    if (gpu["software"] == true) continue;
    Json by_files;
    for (const char* fact : {"pci_address", "vendor_id", "device_id", "class", "driver"}) {
      by_files[fact] = gpu[fact];
    }
    gpus.push_back(by_files);
  }
  machine["gpus"] = gpus;
  // Of the process: its permission for tile data, the length of its vectors, its lock limit.
  for (const char* fact : {"amx_process_permitted", "sve_vector_bits"}) machine["cpu"].erase(fact);
  machine["memory"].erase("lock_limit_bytes");
  for (const char* fact :
       {"available_bytes", "free_bytes", "limit_headroom_bytes", "swap_free_bytes",
        "pressure_avg10", "full_pressure_avg10", "huge_page_pools"}) {
    keep_presence(machine["memory"], fact);
  }
  keep_presence(machine["os"], "steal_ratio");
  machine["power"].erase("energy_readable");  // by this user
  for (const char* fact :
       {"batteries", "thermal_zones", "core_throttle_count", "package_throttle_count"}) {
    keep_presence(machine["power"], fact);
  }
}

TEST(RecordMachine, TheRunningMachineReplaysToTheSameFacts) {
  MachineTree place;
  const fs::path folder = place.root() / "recording";
  const HostView live = HostView::live();
  const auto done = record_machine(live, folder, identity_of(live), {});
  ASSERT_TRUE(done) << done.error().text();
  const auto replayed = open_recording(folder);
  ASSERT_TRUE(replayed) << replayed.error().text();
  DocumentNotes before_notes;
  DocumentNotes after_notes;
  Json before = profile_to_json(probe_machine(live, "/"), "", before_notes);
  Json after = profile_to_json(probe_machine(*replayed), "", after_notes);
  forget_the_moment(before);
  forget_the_moment(after);
  // A limit of the process's own address space is not the machine's.
  if (before_notes.sources["/memory/limit_bytes"] == "RLIMIT_AS") {
    before.erase("memory");
    after.erase("memory");
  }
  EXPECT_EQ(before, after) << Json::diff(before, after).dump(2);
}

TEST(CpuidText, IsReadBackWithEveryLeafAndXcr0) {
  MachineTree tree;
  const CpuidSource live = live_cpuid();
  if (live.cpus.empty()) GTEST_SKIP() << "not an x86 processor";
  const HostView machine = HostView::live();
  ASSERT_TRUE(record_machine(machine, tree.root() / "recording", {}, {}));
  const auto read = read_cpuid_dump(tree.root() / "recording/cpuid.txt");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->cpus, live.cpus);
  EXPECT_EQ(read->xcr0(), live.xcr0());
  const unsigned cpu = live.cpus.front();
  EXPECT_EQ(
      read->questions(cpu).size(),
      live.questions(cpu).size() - (live.query(cpu, 3, 0) ? 1 : 0));  // leaf 3: serial numbers
  const auto seven = live.query(cpu, 7, 0);
  ASSERT_TRUE(seven);
  EXPECT_EQ(read->query(cpu, 7, 0)->ebx, seven->ebx);
}

TEST(OpenRecording, FindsTheOneFolderOfAnArchive) {
  MachineTree tree;
  tree.file("/laptop/proc/meminfo", "MemTotal: 8000000 kB\n");
  const auto host = open_recording(tree.root());
  ASSERT_TRUE(host) << host.error().text();
  EXPECT_EQ(host->root(), tree.root() / "laptop");
  EXPECT_FALSE(host->cpuid());
}

TEST(OpenRecording, TakesFsrootWithItsCpuid) {
  const UnpackedArchive archive("machines/5intel64-hybrid-lakefield.tar.bz2");
  for (const fs::path& folder : {archive.root(), archive.root().parent_path()}) {
    const auto host = open_recording(folder);
    ASSERT_TRUE(host) << host.error().text();
    EXPECT_EQ(host->root().filename(), "fsroot");
    ASSERT_TRUE(host->cpuid());
    EXPECT_EQ(host->cpuid()->cpus.size(), 5U);
  }
}

TEST(OpenRecording, ANamedCpuidGoesBeforeTheRecordingsOwn) {
  MachineTree tree;
  tree.file("/proc/meminfo", "").file("/cpuid.txt", "broken\n");
  EXPECT_FALSE(open_recording(tree.root()));
  const auto host = open_recording(
      tree.root(), k_fixtures + "cpuid/intel__x86-64__haswell__intel-core-i7-4770-cpu.test");
  EXPECT_TRUE(host);
}

TEST(OpenRecording, SaysWhatItExpected) {
  MachineTree tree;
  tree.file("/pictures/holiday.txt", "").directory("/music");
  const auto host = open_recording(tree.root());
  ASSERT_FALSE(host);
  EXPECT_EQ(host.error().code, ErrorCode::refused_input);
  EXPECT_THAT(host.error().message, HasSubstr("expected proc/ or sys/"));
}

}  // namespace
}  // namespace assay
