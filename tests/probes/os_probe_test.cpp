#include "probes/os/os_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/os/machine_id.hpp"
#include "probes/os/sha256.hpp"
#include "probes/power/power_probe.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

TEST(OsProbe, ReadsNameAndKernel) {
  MachineTree tree;
  tree.file("/etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
      .file("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  const OsProfile os = probe_os(tree.host());
  EXPECT_EQ(os.name.value_or(""), "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(os.kernel.value_or(""), "6.1.0-18-amd64");
}

TEST(OsProbe, FallsBackToTheVersionLine) {
  MachineTree tree;
  tree.file("/proc/version", "Linux version 6.1.0-13-amd64 (builder@x) #1 SMP\n");
  EXPECT_EQ(probe_os(tree.host()).kernel.value_or(""), "6.1.0-13-amd64");
}

TEST(OsProbe, AnEmptyRecordingIsAllUnknown) {
  const MachineTree tree;
  const OsProfile os = probe_os(tree.host());
  EXPECT_EQ(os.name.state(), FactState::unknown);
  EXPECT_EQ(os.kernel.state(), FactState::unknown);
  EXPECT_EQ(os.architecture.state(), FactState::unknown);
  EXPECT_EQ(os.hypervisor.state(), FactState::unknown);
  EXPECT_EQ(os.container.state(), FactState::unknown);
  EXPECT_EQ(os.wsl.state(), FactState::unknown);
}

TEST(OsProbe, RecognisesWsl) {
  MachineTree tree;
  tree.file("/proc/version", "Linux version 5.15.90.1-microsoft-standard-WSL2 (x@y)\n");
  EXPECT_TRUE(probe_os(tree.host()).wsl.value_or(false));
}

TEST(OsProbe, NamesTheContainerByItsCgroup) {
  MachineTree tree;
  tree.file("/proc/self/cgroup", "0::/kubepods/burstable/pod1/abc\n");
  EXPECT_EQ(probe_os(tree.host()).container.value_or(""), "kubernetes");
}

TEST(OsProbe, NamesPodmanByItsMark) {
  MachineTree tree;
  tree.file("/run/.containerenv", "").file("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(probe_os(tree.host()).container.value_or(""), "podman");
}

TEST(OsProbe, NoMarkOfAContainerIsAbsent) {
  MachineTree tree;
  tree.file("/proc/self/cgroup", "0::/user.slice/session-1.scope\n");
  EXPECT_EQ(probe_os(tree.host()).container.state(), FactState::absent);
}

TEST(OsProbe, FirmwareNamesTheHypervisorWithoutCpuid) {
  MachineTree tree;
  tree.file("/sys/class/dmi/id/sys_vendor", "VMware, Inc.\n");
  EXPECT_EQ(probe_os(tree.host()).hypervisor.value_or(""), "VMware");
}

TEST(OsProbe, AControlByteInAFileIsMadePrintable) {
  MachineTree tree;
  tree.file("/etc/os-release", "PRETTY_NAME=\"evil\x1b[2J\"\n");
  EXPECT_THAT(probe_os(tree.host()).name.value_or(""), testing::Not(testing::HasSubstr("\x1b")));
}

TEST(PowerProbe, ADischargingBatteryWithoutMainsIsOnBattery) {
  MachineTree tree;
  tree.file("/sys/class/power_supply/BAT0/type", "Battery\n")
      .file("/sys/class/power_supply/BAT0/status", "Discharging\n")
      .file("/sys/class/power_supply/AC/type", "Mains\n")
      .file("/sys/class/power_supply/AC/online", "0\n");
  EXPECT_TRUE(probe_power(tree.host()).on_battery.value_or(false));
}

TEST(PowerProbe, MainsThatAreOnlineWin) {
  MachineTree tree;
  tree.file("/sys/class/power_supply/BAT0/type", "Battery\n")
      .file("/sys/class/power_supply/BAT0/status", "Discharging\n")
      .file("/sys/class/power_supply/AC/type", "Mains\n")
      .file("/sys/class/power_supply/AC/online", "1\n");
  EXPECT_FALSE(probe_power(tree.host()).on_battery.value_or(true));
}

TEST(PowerProbe, TheBatteryOfAMouseDoesNotCount) {
  MachineTree tree;
  tree.file("/sys/class/power_supply/hidpp_battery_0/type", "Battery\n")
      .file("/sys/class/power_supply/hidpp_battery_0/scope", "Device\n")
      .file("/sys/class/power_supply/hidpp_battery_0/status", "Discharging\n");
  EXPECT_FALSE(probe_power(tree.host()).on_battery.value_or(true));
}

TEST(PowerProbe, WithoutTheFolderItIsUnknown) {
  const MachineTree tree;
  EXPECT_EQ(probe_power(tree.host()).on_battery.state(), FactState::unknown);
}

// FIPS 180-4 examples (NIST, SHA256.pdf).
TEST(Sha256, AgreesWithThePublishedExamples) {
  const auto hexadecimal = [](std::string_view text) {
    std::string digits;
    for (const std::uint8_t byte : sha256(text)) {
      constexpr std::string_view k_digits = "0123456789abcdef";
      digits += k_digits[byte >> 4U];
      digits += k_digits[byte & 15U];
    }
    return digits;
  };
  EXPECT_EQ(hexadecimal("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexadecimal("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hexadecimal(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(MachineId, HoldsNothingOfTheMachinesOwnId) {
  MachineTree tree;
  tree.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  const std::string id = machine_id(tree.host(), MachineProfile{});
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find("0123456789abcdef"), std::string::npos);
}

TEST(MachineId, DiffersWithTheMachinesOwnId) {
  MachineTree one;
  one.file("/etc/machine-id", "one\n");
  MachineTree two;
  two.file("/etc/machine-id", "two\n");
  EXPECT_NE(machine_id(one.host(), {}), machine_id(two.host(), {}));
}

TEST(MachineId, AFewMegabytesThatAKernelKeepsDoNotChangeIt) {
  const MachineTree tree;
  MachineProfile before;
  before.memory.total = Fact<Bytes>::known(Bytes(16000000ULL * 1024), "");
  MachineProfile after;
  after.memory.total = Fact<Bytes>::known(Bytes(15990000ULL * 1024), "");
  EXPECT_EQ(machine_id(tree.host(), before), machine_id(tree.host(), after));
}

}  // namespace
}  // namespace assay
