#include "base/host_view.hpp"

#include <gtest/gtest.h>

#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

TEST(HostView, ReadsBelowItsRootOnly) {
  const TemporaryDirectory root;
  root.write("/proc/meminfo", "MemTotal: 1 kB\n");
  const HostView host = HostView::recorded(root.path());
  EXPECT_EQ(*host.read_text("/proc/meminfo"), "MemTotal: 1 kB\n");
  const auto missing = host.read_text("/proc/cpuinfo");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().problem, ReadProblem::missing);
}

TEST(HostView, ResolvesLinksInsideItsRoot) {
  const TemporaryDirectory root;
  root.write("/sys/devices/gpu/vendor", "0x1002\n");
  std::filesystem::create_directories(root.path() / "sys/class/drm");
  std::filesystem::create_symlink("/sys/devices/gpu", root.path() / "sys/class/drm/absolute");
  std::filesystem::create_symlink("../../../../../../sys/devices/gpu",
                                  root.path() / "sys/class/drm/upward");
  const HostView host = HostView::recorded(root.path());
  EXPECT_EQ(*host.read_text("/sys/class/drm/absolute/vendor"), "0x1002\n");
  EXPECT_EQ(*host.read_text("/sys/class/drm/upward/vendor"), "0x1002\n");
}

TEST(HostView, SurvivesALoopOfLinks) {
  const TemporaryDirectory root;
  std::filesystem::create_symlink("/b", root.path() / "a");
  std::filesystem::create_symlink("/a", root.path() / "b");
  EXPECT_FALSE(HostView::recorded(root.path()).read_text("/a"));
}

TEST(HostView, NamesTheTargetOfALink) {
  const TemporaryDirectory root;
  std::filesystem::create_symlink("../../bus/pci/drivers/amdgpu", root.path() / "driver");
  EXPECT_EQ(HostView::recorded(root.path()).link_name("/driver"), "amdgpu");
  EXPECT_FALSE(HostView::recorded(root.path()).link_name("/none"));
}

TEST(HostView, RefusesADirectoryAsText) {
  const TemporaryDirectory root;
  std::filesystem::create_directories(root.path() / "proc");
  EXPECT_FALSE(HostView::recorded(root.path()).read_text("/proc"));
}

TEST(HostView, ListsInOrder) {
  const TemporaryDirectory root;
  root.write("/sys/b", "");
  root.write("/sys/a", "");
  EXPECT_EQ(HostView::recorded(root.path()).list("/sys"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(HostView::recorded(root.path()).list("/none").empty());
}

TEST(HostView, TellsItsObserverBeforeItLooks) {
  const TemporaryDirectory root;
  std::vector<std::string> asked;
  const HostView host = HostView::recorded(root.path())
                            .observed_by([&](HostQuestion question, std::string_view path) {
                              asked.emplace_back(path);
                              if (question == HostQuestion::content) root.write(path, "just made");
                            });
  EXPECT_EQ(*host.read_text("/proc/new"), "just made");
  EXPECT_FALSE(host.exists("/sys"));
  EXPECT_TRUE(host.list("/sys").empty());
  EXPECT_FALSE(host.link_name("/sys/link"));
  EXPECT_EQ(asked, (std::vector<std::string>{"/proc/new", "/sys", "/sys", "/sys/link"}));
}

}  // namespace
}  // namespace assay
