#include "probes/power/power_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/probes/machine_tree.hpp"
#include "tests/probes/unpacked_archive.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The expected values stand in the recorded files themselves (micro-watts, micro-watt-hours, milli-
// degrees); a watt-hour is 3600 J.
TEST(RecordedPower, HasItsZonesAndLimits) {
  const UnpackedArchive archive("devices/procfs-mixed-power.tar.bz2");
  const PowerProfile power = probe_power(HostView::recorded(archive.root()));
  const auto zones = power.zones.value_or({});
  ASSERT_EQ(zones.size(), 3U);
  EXPECT_EQ(zones[0].id, "intel-rapl:0");
  EXPECT_EQ(zones[0].name, "package-0");
  EXPECT_DOUBLE_EQ(zones[0].long_term_limit_watts.value_or(-1), 4090);
  EXPECT_DOUBLE_EQ(zones[0].short_term_limit_watts.value_or(-1), 4090);
  EXPECT_EQ(zones[1].name, "core");
  EXPECT_DOUBLE_EQ(zones[1].long_term_limit_watts.value_or(-1), 0);
  EXPECT_FALSE(zones[1].short_term_limit_watts.has_value());
  EXPECT_EQ(zones[2].name, "package-10");
  EXPECT_TRUE(power.energy_readable.value_or(false));
}

TEST(RecordedPower, HasItsBattery) {
  const UnpackedArchive archive("devices/procfs-mixed-power.tar.bz2");
  const PowerProfile power = probe_power(HostView::recorded(archive.root()));
  const auto batteries = power.batteries.value_or({});
  ASSERT_EQ(batteries.size(), 1U);
  EXPECT_EQ(batteries[0].name, "BAT0");
  EXPECT_EQ(batteries[0].status.value_or(""), "Discharging");
  EXPECT_DOUBLE_EQ(batteries[0].charge_ratio.value_or(-1), 0.98);
  EXPECT_NEAR(batteries[0].energy_joules.value_or(-1), 49.45 * 3600, 1e-6);
  EXPECT_NEAR(batteries[0].capacity_joules.value_or(-1), 50.06 * 3600, 1e-6);
  EXPECT_NEAR(batteries[0].design_capacity_joules.value_or(-1), 47.52 * 3600, 1e-6);
  EXPECT_DOUBLE_EQ(batteries[0].wear_ratio.value_or(-1), 0);  // it holds more than designed
  EXPECT_DOUBLE_EQ(batteries[0].power_watts.value_or(-1), 4.83);
  EXPECT_FALSE(batteries[0].cycle_count.has_value());
  EXPECT_TRUE(power.on_battery.value_or(false));
  EXPECT_FALSE(power.mains_online.value_or(true));
}

TEST(RecordedPower, HasItsTemperaturesAndThrottleCounts) {
  const UnpackedArchive archive("devices/procfs-mixed-power.tar.bz2");
  const PowerProfile power = probe_power(HostView::recorded(archive.root()));
  const auto zones = power.thermal_zones.value_or({});
  ASSERT_EQ(zones.size(), 2U);
  EXPECT_EQ(zones[0].type, "bcm2835_thermal");
  EXPECT_DOUBLE_EQ(zones[0].celsius.value_or(0), 49.925);
  EXPECT_EQ(zones[1].type, "acpitz");
  EXPECT_DOUBLE_EQ(zones[1].celsius.value_or(0), -44);
  EXPECT_EQ(power.core_throttle_count.value_or(0), 10084U);
  EXPECT_EQ(power.package_throttle_count.value_or(0), 34818U);
}

TEST(PowerZones, AreNotListedWhereContainersHideThem) {
  const MachineTree tree;
  const PowerProfile power = probe_power(tree.host());
  EXPECT_THAT(power.zones.reason(), HasSubstr("no such folder"));
  EXPECT_EQ(power.energy_readable.state(), FactState::unknown);
}

TEST(PowerZones, AControlTypeIsNoZone) {
  MachineTree tree;
  tree.file("/sys/class/powercap/intel-rapl/enabled", "1\n");
  EXPECT_EQ(probe_power(tree.host()).zones.state(), FactState::absent);
}

TEST(PowerZones, ACounterThatIsNoFileIsUnknown) {
  MachineTree tree;
  tree.file("/sys/class/powercap/intel-rapl:0/name", "package-0\n")
      .directory("/sys/class/powercap/intel-rapl:0/energy_uj");
  const PowerProfile power = probe_power(tree.host());
  EXPECT_EQ(power.zones.value_or({}).size(), 1U);
  EXPECT_EQ(power.energy_readable.state(), FactState::unknown);
}

TEST(PowerZones, AnAbsurdLimitIsLeftOut) {
  MachineTree tree;
  const std::string zone = "/sys/class/powercap/intel-rapl:0";
  tree.file(zone + "/name", "package-0\n")
      .file(zone + "/constraint_0_name", "long_term\n")
      .file(zone + "/constraint_0_power_limit_uw", "9223372036854775807\n")
      .file(zone + "/constraint_1_name", "short_term\n")
      .file(zone + "/constraint_1_power_limit_uw", "lots\n");
  const auto zones = probe_power(tree.host()).zones.value_or({});
  ASSERT_EQ(zones.size(), 1U);
  EXPECT_FALSE(zones[0].long_term_limit_watts.has_value());
  EXPECT_FALSE(zones[0].short_term_limit_watts.has_value());
}

TEST(Batteries, OfAmpereHoursAreConvertedByTheirDesignVoltage) {
  MachineTree tree;
  const std::string battery = "/sys/class/power_supply/BAT1";
  tree.file(battery + "/type", "Battery\n")
      .file(battery + "/charge_full", "4000000\n")
      .file(battery + "/charge_full_design", "5000000\n")
      .file(battery + "/voltage_min_design", "10000000\n")
      .file(battery + "/voltage_now", "12000000\n")
      .file(battery + "/current_now", "-1500000\n")
      .file(battery + "/cycle_count", "312\n");
  const auto batteries = probe_power(tree.host()).batteries.value_or({});
  ASSERT_EQ(batteries.size(), 1U);
  EXPECT_NEAR(batteries[0].capacity_joules.value_or(0), 4 * 10 * 3600.0, 1e-6);
  EXPECT_NEAR(batteries[0].wear_ratio.value_or(0), 0.2, 1e-12);
  EXPECT_NEAR(batteries[0].power_watts.value_or(0), 18, 1e-9);
  EXPECT_EQ(batteries[0].cycle_count.value_or(0), 312U);
}

TEST(Batteries, AMachineWithMainsAloneHasNone) {
  MachineTree tree;
  tree.file("/sys/class/power_supply/AC/type", "Mains\n")
      .file("/sys/class/power_supply/AC/online", "1\n");
  const PowerProfile power = probe_power(tree.host());
  EXPECT_EQ(power.batteries.state(), FactState::absent);
  EXPECT_TRUE(power.mains_online.value_or(false));
  EXPECT_FALSE(power.on_battery.value_or(true));
}

TEST(DeviceSensors, AreNamedByTheirDriver) {
  MachineTree tree;
  tree.file("/sys/class/hwmon/hwmon0/name", "coretemp\n")
      .file("/sys/class/hwmon/hwmon0/temp1_input", "40000\n")
      .file("/sys/class/hwmon/hwmon3/name", "amdgpu\n")
      .file("/sys/class/hwmon/hwmon3/power1_average", "35000000\n")
      .file("/sys/class/hwmon/hwmon4/name", "xe\n")
      .file("/sys/class/hwmon/hwmon4/energy1_input", "1\n");
  EXPECT_THAT(probe_power(tree.host()).device_sensors.value_or({}),
              ElementsAre("amdgpu power1_average", "xe energy1_input"));
}

TEST(DeviceSensors, AreAbsentWhereNoneReportsPower) {
  MachineTree tree;
  tree.file("/sys/class/hwmon/hwmon0/name", "coretemp\n");
  EXPECT_EQ(probe_power(tree.host()).device_sensors.state(), FactState::absent);
}

TEST(ThermalZones, ASensorThatFailsHasNoTemperature) {
  MachineTree tree;
  tree.file("/sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n")
      .file("/sys/class/thermal/thermal_zone0/temp", "9999999\n");
  const auto zones = probe_power(tree.host()).thermal_zones.value_or({});
  ASSERT_EQ(zones.size(), 1U);
  EXPECT_FALSE(zones[0].celsius.has_value());
}

}  // namespace
}  // namespace assay
