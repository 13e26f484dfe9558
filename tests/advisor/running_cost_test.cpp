#include "advisor/running_cost.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::HasSubstr;

Estimate between(double low, double expected, double high) {
  return {low, expected, high, Origin::predicted, Basis::this_machine};
}

MachineProfile machine_with(std::vector<PowerZone> zones) {
  MachineProfile machine;
  machine.power.zones = Fact<std::vector<PowerZone>>::known(std::move(zones), "RAPL");
  return machine;
}

PowerZone zone(const char* name, double watts) { return {"intel-rapl:0", name, watts, {}}; }

// 36 W at 10 tokens/s are 3.6 J each: a million of them is 3.6 MJ, one kilowatt-hour.
TEST(RunningCost, IsPowerOverRate) {
  const RunningCost cost =
      running_cost(power_draw(36.0, {}, nullptr), between(5, 10, 20), {0.30, std::nullopt});
  EXPECT_FALSE(cost.power.estimated);
  EXPECT_DOUBLE_EQ(cost.kilowatt_hours_per_million_tokens.expected, 1.0);
  EXPECT_DOUBLE_EQ(cost.kilowatt_hours_per_million_tokens.low, 0.5);   // when it is fast
  EXPECT_DOUBLE_EQ(cost.kilowatt_hours_per_million_tokens.high, 2.0);  // when it is slow
  EXPECT_DOUBLE_EQ(cost.cost_per_million_tokens.expected, 0.30);
}

TEST(RunningCost, WithoutAPriceHasItsEnergyOnly) {
  const RunningCost cost = running_cost(power_draw(36.0, {}, nullptr), between(5, 10, 20), {});
  EXPECT_TRUE(cost.kilowatt_hours_per_million_tokens.is_known());
  EXPECT_FALSE(cost.cost_per_million_tokens.is_known());
}

TEST(RunningCost, IsUnknownWithoutARate) {
  const RunningCost cost = running_cost(power_draw(36.0, {}, nullptr), {}, {0.30, std::nullopt});
  EXPECT_FALSE(cost.cost_per_million_tokens.is_known());
}

TEST(PowerDraw, IsEstimatedFromThePackagesLimits) {
  const MachineProfile machine = machine_with(
      {zone("package-0", 15), zone("package-1", 15), zone("core", 9), zone("dram", 3)});
  const PowerDraw draw = power_draw(std::nullopt, {}, &machine);
  EXPECT_DOUBLE_EQ(draw.watts.value_or(0), 30.0);
  EXPECT_TRUE(draw.estimated);
}

TEST(PowerDraw, BelievesCountersMoreThanLimits) {
  const MachineProfile machine = machine_with({zone("package-0", 15)});
  const PowerDraw draw =
      power_draw(std::nullopt, Fact<double>::known(11.5, "measured by RAPL"), &machine);
  EXPECT_DOUBLE_EQ(draw.watts.value_or(0), 11.5);
  EXPECT_FALSE(draw.estimated);
}

TEST(PowerDraw, TakesNoLimitForNoLimit) {
  const MachineProfile machine = machine_with({zone("package-0", 0), zone("package-1", 4095)});
  const PowerDraw draw = power_draw(std::nullopt, {}, &machine);
  EXPECT_FALSE(draw.watts.is_known());
  EXPECT_THAT(draw.watts.reason(), HasSubstr("no package"));
}

TEST(PowerDraw, IsUnknownWithAReason) {
  EXPECT_FALSE(power_draw(std::nullopt, {}, nullptr).watts.is_known());
  MachineProfile machine;
  machine.power.zones = Fact<std::vector<PowerZone>>::unknown("/sys/class/powercap is missing");
  EXPECT_EQ(power_draw(std::nullopt, {}, &machine).watts.reason(),
            "/sys/class/powercap is missing");
}

}  // namespace
}  // namespace assay
