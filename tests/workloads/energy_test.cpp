#include "workloads/measure/energy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// A machine whose counters are files.
class Counters {
 public:
  void zone(const std::string& id, const std::string& name, const std::string& microjoules,
            const std::string& range = "262143328850\n") const {
    const std::string folder = "sys/class/powercap/" + id + "/";
    root_.write(folder + "name", name + "\n");
    root_.write(folder + "energy_uj", microjoules);
    root_.write(folder + "max_energy_range_uj", range);
  }
  [[nodiscard]] EnergyReading read() const { return read_energy(HostView::recorded(root_.path())); }

 private:
  TemporaryDirectory root_;
};

TEST(Energy, IsThatOfAllPackages) {
  const Counters machine;
  machine.zone("intel-rapl:0", "package-0", "1000000\n");
  machine.zone("intel-rapl:1", "package-1", "5000000\n");
  const EnergyReading before = machine.read();
  machine.zone("intel-rapl:0", "package-0", "4500000\n");
  machine.zone("intel-rapl:1", "package-1", "6000000\n");
  const Fact<double> joules = energy_between(before, machine.read());
  ASSERT_TRUE(joules.is_known());
  EXPECT_DOUBLE_EQ(joules.value(), 4.5);
}

TEST(Energy, CountsOnlyPackagesAndEachOnce) {
  const Counters machine;
  machine.zone("intel-rapl:0", "package-0", "0\n");
  machine.zone("intel-rapl:0:0", "core", "0\n");
  machine.zone("intel-rapl-mmio:0", "package-0", "0\n");
  const EnergyReading before = machine.read();
  EXPECT_EQ(before.packages.size(), 1U);
}

TEST(Energy, GoesOnWhereACounterStartsAgain) {
  const Counters machine;
  machine.zone("intel-rapl:0", "package-0", "9000000\n", "10000000\n");
  const EnergyReading before = machine.read();
  machine.zone("intel-rapl:0", "package-0", "500000\n", "10000000\n");
  EXPECT_DOUBLE_EQ(energy_between(before, machine.read()).value(), 1.5);
}

TEST(Energy, IsUnknownWithoutCounters) {
  const Counters machine;
  const Fact<double> joules = energy_between(machine.read(), machine.read());
  ASSERT_FALSE(joules.is_known());
  EXPECT_THAT(joules.reason(), HasSubstr("/sys/class/powercap"));
}

TEST(Energy, IsUnknownWhereACounterHoldsNoNumber) {
  const Counters machine;
  machine.zone("intel-rapl:0", "package-0", "many\n");
  const Fact<double> joules = energy_between(machine.read(), machine.read());
  ASSERT_FALSE(joules.is_known());
  EXPECT_THAT(joules.reason(), HasSubstr("energy_uj: no number"));
}

TEST(Energy, IsUnknownWhereACounterGoesAway) {
  const Counters machine;
  machine.zone("intel-rapl:0", "package-0", "1000000\n");
  const EnergyReading before = machine.read();
  EXPECT_FALSE(energy_between(before, Counters().read()).is_known());
}

}  // namespace
}  // namespace assay
