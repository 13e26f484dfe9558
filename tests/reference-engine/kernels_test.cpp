#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/verification.hpp"

namespace assay {
namespace {

class KernelsOf : public testing::TestWithParam<std::string> {};

TEST_P(KernelsOf, AgreeWithTheDefinition) {
  const auto table = select_kernels(live_cpu_features(), GetParam());
  ASSERT_TRUE(table) << table.error().text();
  const std::vector<KernelCheck> checks = check_all_kernels(**table);
  EXPECT_GT(checks.size(), 500U);
  for (const KernelCheck& check : checks) {
    EXPECT_TRUE(check.passed()) << check.isa << " " << check.kernel << " rows " << check.rows
                                << " k " << check.k << " columns " << check.columns << ": NMSE "
                                << check.nmse << " (at most " << check.bound << ")";
  }
}

INSTANTIATE_TEST_SUITE_P(AvailableIsas, KernelsOf,
                         testing::ValuesIn(available_isas(live_cpu_features())),
                         [](const auto& isa) { return isa.param; });

TEST(KernelSelection, TakesTheBestIsaWhenNoneIsNamed) {
  const auto best = select_kernels(live_cpu_features());
  ASSERT_TRUE(best);
  EXPECT_EQ((*best)->isa, available_isas(live_cpu_features()).front());
}

TEST(KernelSelection, RefusesAnUnknownIsaAndNamesTheAllowedOnes) {
  const auto table = select_kernels(live_cpu_features(), "avx3");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::usage);
  EXPECT_THAT(table.error().message, testing::HasSubstr("avx3"));
  EXPECT_THAT(table.error().message, testing::HasSubstr("scalar"));
}

TEST(KernelSelection, RefusesAnIsaThatTheProcessorLacks) {
  EXPECT_FALSE(select_kernels(LiveCpuFeatures{}, "avx2"));
  EXPECT_THAT(available_isas(LiveCpuFeatures{}), testing::ElementsAre("scalar"));
}

TEST(KernelSelection, EveryTableIsComplete) {
  for (const std::string& isa : available_isas(live_cpu_features())) {
    const KernelTable& table = **select_kernels(live_cpu_features(), isa);
    for (const WeightFormat format :
         {WeightFormat::f32, WeightFormat::f16, WeightFormat::bf16, WeightFormat::q8_0,
          WeightFormat::q4_0, WeightFormat::q4_k, WeightFormat::q5_k, WeightFormat::q6_k}) {
      const FormatKernels* kernels = format_kernels(table, format);
      ASSERT_NE(kernels, nullptr) << isa << " " << format_name(format);
      EXPECT_NE(kernels->pack, nullptr);
      EXPECT_NE(kernels->decode_row, nullptr);
      EXPECT_NE(kernels->multiply, nullptr);
      EXPECT_NE(kernels->multiply_streams, nullptr);
    }
    EXPECT_EQ(format_kernels(table, WeightFormat::q2_k), nullptr);
    EXPECT_GT(table.fma_flops_per_step, 0.0);
    EXPECT_GT(table.int8_ops_per_step, 0.0);
  }
}

}  // namespace
}  // namespace assay
