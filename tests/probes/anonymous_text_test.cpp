#include "probes/recording/anonymous_text.hpp"

#include <gtest/gtest.h>

#include "probes/recording/file_rules.hpp"

namespace assay {
namespace {

TEST(AnonymousText, ReplacesWholeWordsOnly) {
  AnonymousText text({"jane"});
  EXPECT_EQ(text.anonymous("jane, janet and mary-jane"), "anonymous-1, janet and mary-anonymous-1");
}

TEST(AnonymousText, TheLongestNameGoesFirst) {
  AnonymousText text({"jane", "/home/jane", "jane-laptop"});
  EXPECT_EQ(text.anonymous("/home/jane/x jane-laptop"), "anonymous-1/x anonymous-2");
}

TEST(AnonymousText, ReplacesUuidsAddressesAndLongIdentities) {
  AnonymousText text({});
  const std::string container(64, 'a');
  EXPECT_EQ(text.anonymous("docker-" + container + ".scope"), "docker-anonymous-1.scope");
  EXPECT_EQ(text.anonymous("GPU-4c4c4544-0042-3510-8052-b4c04f4e4d32"), "GPU-anonymous-2");
  EXPECT_EQ(text.anonymous("pod4c4c4544_0042_3510_8052_b4c04f4e4d32"), "podanonymous-3");
  EXPECT_EQ(text.anonymous("a4:bb:6d:12:34:56 up"), "anonymous-4 up");
}

TEST(AnonymousText, LeavesWhatTheKernelWrites) {
  AnonymousText text({"ab"});
  for (const char* usual : {"0000:00:1f.3", "ffffffff,ffffffff,ffffffff,ffffffff", "ab", "0-7,16",
                            "0x00000000410fd4f0", "12:34:56"}) {
    EXPECT_EQ(text.anonymous(usual), usual);
  }
}

TEST(AnonymousText, IsTheSameEverywhereAndLeadsBack) {
  AnonymousText text({"jane"});
  const std::string path = text.anonymous_path("/sys/fs/cgroup/user.slice/jane.scope");
  EXPECT_EQ(path, "/sys/fs/cgroup/user.slice/anonymous-1.scope");
  EXPECT_EQ(text.anonymous("0::/user.slice/jane.scope"), "0::/user.slice/anonymous-1.scope");
  EXPECT_EQ(text.original(path), "/sys/fs/cgroup/user.slice/jane.scope");
}

TEST(AnonymousText, AUserCalledLikeAFolderOfTheKernelHidesNothing) {
  AnonymousText text({"cpu"});
  EXPECT_EQ(text.anonymous_path("/sys/devices/system/cpu/cpu0"), "/sys/devices/system/cpu/cpu0");
}

TEST(AnonymousText, WhatIsHarmlessStays) {
  const std::string run = "4c4c4544-0042-4510-8052-b4c04f4e4d32";
  EXPECT_EQ(AnonymousText({}, {run}).anonymous(run), run);
}

TEST(CopyRule, LetsNothingThroughThatIdentifiesAMachine) {
  for (const char* path :
       {"/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/product_uuid",
        "/sys/class/dmi/id/chassis_asset_tag", "/sys/class/net/eth0/address",
        "/sys/devices/pci0000:00/0000:00:1f.6/net/eth0/address", "/etc/machine-id", "/etc/passwd",
        "/sys/block/dm-0/dm/name", "/sys/block/sda/device/wwid", "/proc/cmdline",
        "/home/jane/.bashrc", "/proc/self/environ", "/sys/class/nvme/nvme0/subsysnqn"}) {
    EXPECT_EQ(copy_rule(path), CopyRule::never) << path;
  }
  EXPECT_EQ(copy_rule("/sys/class/dmi/id/product_name"), CopyRule::content);
  EXPECT_EQ(copy_rule("/sys"), CopyRule::content);
  EXPECT_EQ(copy_rule("/.dockerenv"), CopyRule::existence);
}

TEST(RecordedContent, KeepsOfTheListOfNamesThoseOfTheMachine) {
  const PciIds pci{{0x10de}, {0x2684}};
  EXPECT_EQ(recorded_content("/usr/share/misc/pci.ids",
                             "# comment\n1002  Other\n\t2684  No\n10de  Maker\n\t2684  Card\n"
                             "\t\t1043 1234  Sub\n\t9999  Another\n",
                             pci),
            "10de  Maker\n\t2684  Card\n");
}

TEST(RecordedContent, KeepsWhetherMicrosoftBuiltTheKernel) {
  EXPECT_EQ(
      recorded_content("/proc/version",
                       "Linux version 5.15.1-WSL2 (oe-user@oe-host) (Microsoft gcc) #1\n", {}),
      "Linux version 5.15.1-WSL2 (microsoft)\n");
}

}  // namespace
}  // namespace assay
