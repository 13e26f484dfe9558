#include "workloads/measure/interference.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace assay {
namespace {

/// A recorded machine in a temporary folder.
class Recording {
 public:
  Recording() {
    std::string name = (std::filesystem::temp_directory_path() / "assay-recording-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording() { std::filesystem::remove_all(root_); }
  void write(const std::string& path, const std::string& text) const {
    const auto place = root_ / path;
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place) << text;
  }
  [[nodiscard]] HostView host() const { return HostView::recorded(root_); }

 private:
  std::filesystem::path root_;
};

TEST(Interference, ReadsStealAndNeighboursFromTheCpuLine) {
  const Recording machine;
  machine.write("proc/stat", "cpu  100 0 50 800 50 0 0 10 0 0\ncpu0 1 2 3\n");
  SystemCounters before = read_system_counters(machine.host());
  machine.write("proc/stat", "cpu  160 0 70 900 60 5 5 30 0 0\ncpu0 1 2 3\n");
  SystemCounters after = read_system_counters(machine.host());
  before.own_cpu_seconds = 0.0;
  after.own_cpu_seconds = 60.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  const Interference seen = interference_between(before, after);
  // In ticks: 220 passed, 20 of them stolen; busy 60 + 20 + 5 + 5 = 90, of which 60 are ours.
  ASSERT_TRUE(seen.steal_ratio && seen.neighbours_ratio);
  EXPECT_NEAR(*seen.steal_ratio, 20.0 / 220.0, 1e-9);
  EXPECT_NEAR(*seen.neighbours_ratio, 30.0 / 220.0, 1e-9);
}

TEST(Interference, IsUnknownWithoutTheKernelsCounters) {
  const Recording machine;
  const SystemCounters counters = read_system_counters(machine.host());
  EXPECT_FALSE(counters.total_seconds);
  const Interference seen = interference_between(counters, counters);
  EXPECT_FALSE(seen.steal_ratio);
  EXPECT_FALSE(seen.neighbours_ratio);
}

TEST(Interference, OnBatteryWhenNoMainsDelivers) {
  const Recording machine;
  EXPECT_FALSE(runs_on_battery(machine.host()));  // a desktop lists no supply
  machine.write("sys/class/power_supply/AC/type", "Mains\n");
  machine.write("sys/class/power_supply/AC/online", "0\n");
  machine.write("sys/class/power_supply/BAT0/type", "Battery\n");
  EXPECT_TRUE(runs_on_battery(machine.host()));
  machine.write("sys/class/power_supply/AC/online", "1\n");
  EXPECT_FALSE(runs_on_battery(machine.host()));
}

TEST(Interference, AddsUpTheLastCachesOnce) {
  const Recording machine;
  for (const int cpu : {0, 1, 2, 3}) {
    const std::string folder = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/";
    machine.write(folder + "index2/level", "2\n");
    machine.write(folder + "index2/size", "512K\n");
    machine.write(folder + "index2/shared_cpu_list", std::to_string(cpu) + "\n");
    machine.write(folder + "index3/level", "3\n");
    machine.write(folder + "index3/size", "16384K\n");
    machine.write(folder + "index3/shared_cpu_list", cpu < 2 ? "0-1\n" : "2-3\n");
  }
  EXPECT_EQ(last_level_cache(machine.host()), mebibytes(32));
}

TEST(Interference, PeakMemoryIsTheHighWaterMark) {
  const Recording machine;
  EXPECT_FALSE(peak_resident(machine.host()));
  machine.write("proc/self/status", "Name:\tassay\nVmHWM:\t   12345 kB\nVmRSS:\t  100 kB\n");
  ASSERT_TRUE(peak_resident(machine.host()));
  EXPECT_EQ(peak_resident(machine.host())->value, 12345U * 1024U);
}

}  // namespace
}  // namespace assay
