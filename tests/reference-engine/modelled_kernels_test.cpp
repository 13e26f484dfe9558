// Kernels of instructions that this processor may lack, executed through models of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "reference-engine/golden.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/thread_pool.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/modelled_kernels.hpp"

namespace assay {
namespace {

class ModelledKernels : public testing::TestWithParam<KernelTable> {};

TEST_P(ModelledKernels, AgreeWithTheDefinition) {
  const std::vector<KernelCheck> checks = check_all_kernels(GetParam());
  EXPECT_GT(checks.size(), 500U);
  for (const KernelCheck& check : checks) {
    EXPECT_TRUE(check.passed()) << check.isa << " " << check.kernel << " rows " << check.rows
                                << " k " << check.k << " columns " << check.columns << ": NMSE "
                                << check.nmse << " (at most " << check.bound << ")";
  }
}

TEST_P(ModelledKernels, GiveTheLogitsOfGoldenModels) {
  ThreadPool pool(2);
  for (const std::string& name : embedded_golden_names()) {
    const auto check = check_golden(name, GetParam(), pool);
    ASSERT_TRUE(check) << check.error().text();
    EXPECT_LE(check->nmse, check->bound) << GetParam().isa << " " << name;
  }
}

/// A product of two kernels that are the same would show nothing.
TEST_P(ModelledKernels, AreTheirOwn) {
  const KernelTable& avx2 = **select_kernels(live_cpu_features(), "avx2");
  EXPECT_STRNE(GetParam().isa, avx2.isa);
  for (const WeightFormat format : {WeightFormat::q4_0, WeightFormat::q6_k}) {
    EXPECT_NE(format_kernels(GetParam(), format)->multiply, format_kernels(avx2, format)->multiply);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ModelledKernels, testing::ValuesIn(modelled_tables()),
                         [](const auto& table) { return std::string(table.param.isa); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ModelledKernels);

}  // namespace
}  // namespace assay
