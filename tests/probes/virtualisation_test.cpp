// What surrounds the operating system: virtual machines, containers, WSL, the computer's own name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/os/os_probe.hpp"
#include "probes/probe.hpp"
#include "tests/probes/machine_tree.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

/// The files by which WSL 2 with systemd is known.
MachineTree wsl2_tree() {
  MachineTree tree;
  tree.file("/proc/version",
            "Linux version 5.15.167.4-microsoft-standard-WSL2 (root@f9c826d3017f) (gcc (GCC) "
            "11.2.0) #1 SMP\n")
      .file("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n")
      .file("/run/systemd/container", "wsl\n")
      .file("/proc/1/cgroup", "0::/init.scope\n")
      .file("/proc/cpuinfo", "vendor_id : GenuineIntel\nflags : fpu lm hypervisor avx2\n")
      .file("/proc/meminfo", "MemTotal: 8028244 kB\nMemAvailable: 7000000 kB\n");
  return tree;
}

TEST(Wsl2, IsNamedWithItsVersion) {
  const OsProfile os = probe_os(wsl2_tree().host());
  EXPECT_TRUE(os.wsl.value_or(false));
  EXPECT_EQ(os.wsl_version.value_or(0), 2U);
}

TEST(Wsl2, SaysWhoseMemoryItIs) {
  EXPECT_THAT(probe_os(wsl2_tree().host()).memory_note.value_or(""),
              HasSubstr("WSL's virtual machine"));
}

TEST(Wsl2, IsAVirtualMachineAndNoContainer) {
  const OsProfile os = probe_os(wsl2_tree().host());
  EXPECT_EQ(os.hypervisor.value_or(""), "unnamed");
  EXPECT_EQ(os.container.state(), FactState::absent);
}

TEST(Wsl1, HasNoVirtualMachinesMemory) {
  MachineTree tree;
  tree.file("/proc/version", "Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)\n");
  const OsProfile os = probe_os(tree.host());
  EXPECT_EQ(os.wsl_version.value_or(0), 1U);
  EXPECT_EQ(os.memory_note.state(), FactState::absent);
}

TEST(Wsl, AnOrdinaryKernelHasNone) {
  MachineTree tree;
  tree.file("/proc/version", "Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org)\n");
  const OsProfile os = probe_os(tree.host());
  EXPECT_FALSE(os.wsl.value_or(true));
  EXPECT_EQ(os.wsl_version.state(), FactState::absent);
}

/// A container, and the one file that gives it away.
struct Mark {
  const char* path;
  std::string content;
  const char* container;
};

void PrintTo(const Mark& mark, std::ostream* out) { *out << mark.container << " by " << mark.path; }

class ContainerMarks : public testing::TestWithParam<Mark> {};

TEST_P(ContainerMarks, NameTheirManager) {
  MachineTree tree;
  tree.file("/proc/self/cgroup", "0::/\n").file(GetParam().path, GetParam().content);
  EXPECT_EQ(probe_os(tree.host()).container.value_or(""), GetParam().container);
}

INSTANTIATE_TEST_SUITE_P(
    Known, ContainerMarks,
    testing::Values(
        Mark{"/run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"},
        Mark{"/run/host/container-manager", "systemd-nspawn\n", "systemd-nspawn"},
        Mark{"/proc/1/environ", std::string("TERM=linux\0container=lxc\0", 25), "lxc"},
        Mark{"/run/secrets/kubernetes.io/serviceaccount/token", "", "kubernetes"},
        Mark{"/proc/1/cgroup", "1:name=systemd:/lxc/web\n", "lxc"},
        Mark{"/proc/self/mountinfo",
             "1234 1200 254:1 /var/lib/docker/containers/4f1a/resolv.conf /etc/resolv.conf rw - "
             "ext4 /dev/vda1 rw\n",
             "docker"},
        Mark{"/proc/self/mountinfo",
             "99 80 0:31 /containers/storage/overlay-containers/ab/userdata/resolv.conf "
             "/etc/resolv.conf rw - tmpfs tmpfs rw\n",
             "podman"},
        Mark{"/.dockerenv", "", "docker"}));

TEST(Containers, ADockerHostIsNotInOne) {
  MachineTree tree;
  tree.file("/proc/self/cgroup", "0::/user.slice\n")
      .file("/proc/self/mountinfo",
            "700 29 0:60 / /var/lib/docker/containers/4f1a/mounts/shm rw - tmpfs shm rw\n");
  EXPECT_EQ(probe_os(tree.host()).container.state(), FactState::absent);
}

TEST(Containers, OtherVariablesOfTheFirstProcessDoNotCount) {
  MachineTree tree;
  tree.file("/proc/self/cgroup", "0::/\n")
      .file("/proc/1/environ", std::string("mycontainer=lxc\0HOME=/\0", 23));
  EXPECT_EQ(probe_os(tree.host()).container.state(), FactState::absent);
}

TEST(Hypervisors, OfABoardAreInTheDeviceTree) {
  MachineTree tree;
  tree.file("/proc/device-tree/hypervisor/compatible", std::string("linux,kvm\0", 10));
  EXPECT_EQ(probe_os(tree.host()).hypervisor.value_or(""), "KVM");
}

TEST(StealTime, IsAShareOfAllTime) {
  MachineTree tree;  // 50 of 1000 ticks; guest time is part of user's and is not counted again
  tree.file("/proc/stat", "cpu  500 0 200 200 20 10 20 50 300 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
  EXPECT_DOUBLE_EQ(probe_os(tree.host()).steal_ratio.value_or(-1), 0.05);
}

TEST(StealTime, OfAGarbageFileIsUnknown) {
  MachineTree tree;
  tree.file("/proc/stat", "cpu  many\n");
  EXPECT_EQ(probe_os(tree.host()).steal_ratio.state(), FactState::unknown);
  tree.file("/proc/stat", "cpu  1 2 3\n");
  EXPECT_EQ(probe_os(tree.host()).steal_ratio.state(), FactState::unknown);
}

TEST(Computer, ARecordedServerHasNameAndChassis) {
  const UnpackedArchive archive("devices/procfs-mixed-power.tar.bz2");
  const OsProfile os = probe_os(HostView::recorded(archive.root()));
  EXPECT_EQ(os.system_vendor.value_or(""), "Dell Inc.");
  EXPECT_EQ(os.product_name.value_or(""), "PowerEdge R6515");
  EXPECT_EQ(os.chassis.value_or(""), "rack mount");
  EXPECT_FALSE(os.portable.value_or(true));
}

TEST(Computer, ANotebookIsPortable) {
  MachineTree tree;
  tree.file("/sys/class/dmi/id/chassis_type", "10\n");
  const OsProfile os = probe_os(tree.host());
  EXPECT_EQ(os.chassis.value_or(""), "notebook");
  EXPECT_TRUE(os.portable.value_or(false));
}

TEST(Computer, TheChassisOfAVirtualMachineIsUnknown) {
  MachineTree tree;
  tree.file("/sys/class/dmi/id/chassis_type", "1\n");
  EXPECT_EQ(probe_os(tree.host()).portable.state(), FactState::unknown);
}

TEST(Computer, APlaceholderIsNoName) {
  MachineTree tree;
  tree.file("/sys/class/dmi/id/product_name", "To Be Filled By O.E.M.\n");
  EXPECT_EQ(probe_os(tree.host()).product_name.state(), FactState::absent);
}

TEST(Computer, ABoardIsNamedByTheDeviceTree) {
  MachineTree tree;
  tree.file("/proc/device-tree/model", std::string("Raspberry Pi 5 Model B Rev 1.0\0", 31));
  EXPECT_EQ(probe_os(tree.host()).product_name.value_or(""), "Raspberry Pi 5 Model B Rev 1.0");
}

}  // namespace
}  // namespace assay
