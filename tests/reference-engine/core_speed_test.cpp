#include "reference-engine/core_speed.hpp"

#include <gtest/gtest.h>

#include "base/affinity.hpp"
#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

// Two fast cores, two of half their speed, one of a quarter, as on a laptop with three kinds.
const std::vector<CoreSpeed> k_laptop{{0, 90e9}, {2, 100e9}, {4, 50e9}, {5, 50.1e9}, {6, 25e9}};

TEST(CoresWorthAThread, AreAtLeastHalfAsFastAsTheFastest) {
  EXPECT_EQ(cores_worth_a_thread(k_laptop), (std::vector<unsigned>{2, 0, 5, 4}));
}

TEST(CoresWorthAThread, AreAllOfThemWhereTheyAreAlike) {
  EXPECT_EQ(cores_worth_a_thread({{3, 8e9}, {1, 8e9}}), (std::vector<unsigned>{3, 1}));
  EXPECT_TRUE(cores_worth_a_thread({}).empty());
}

TEST(FastestCores, AreAsManyAsAskedFor) {
  EXPECT_EQ(fastest(k_laptop, 1), (std::vector<unsigned>{2}));
  EXPECT_EQ(fastest(k_laptop, 9), (std::vector<unsigned>{2, 0, 5, 4, 6}));
}

TEST(MeasureCores, MeasuresEveryAllowedCpuAndLeavesThisThreadWhereItWas) {
  const auto kernels = select_kernels(live_cpu_features(), "");
  ASSERT_TRUE(kernels);
  const std::vector<unsigned> before = allowed_cpus();
  const auto cores = measure_cores(**kernels, before);
  EXPECT_EQ(allowed_cpus(), before);
  ASSERT_EQ(cores.size(), before.size());
  for (std::size_t i = 0; i < cores.size(); ++i) {
    EXPECT_EQ(cores[i].cpu, before[i]);
    EXPECT_GT(cores[i].operations_per_second, 0.0);
  }
}

TEST(MeasureCores, LeavesOutWhatItMayNotRunOn) {
  const auto kernels = select_kernels(live_cpu_features(), "scalar");
  ASSERT_TRUE(kernels);
  const std::vector<unsigned> nowhere{65535};
  EXPECT_TRUE(measure_cores(**kernels, nowhere).empty());
}

}  // namespace
}  // namespace assay
