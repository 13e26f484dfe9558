#include "workloads/run/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

PreparedModel prepared(Recipe recipe) {
  ModelSpec spec;
  spec.name = "tiny";
  spec.architecture = "llama";
  spec.d_model = 256;
  spec.layers =
      uniform_layers(2, {.attention = {.heads = 4, .kv_heads = 2, .head_dim = 64}, .d_ff = 512});
  spec.vocabulary = 512;
  spec.trained_context = 2048;
  spec.rope().dims = 64;
  BenchModel model;
  model.spec = spec;
  model.recipe = recipe;
  return std::move(*prepare_model(model));
}

/// The scalar table, as if a format rounded like native numerics.
KernelTable rounding_kernels(WeightFormat format, ActivationRounding rounding) {
  KernelTable kernels = **select_kernels(live_cpu_features(), "scalar");
  for (FormatKernels& own : kernels.formats) {
    const bool rounds = own.format == static_cast<std::uint32_t>(format);
    if (own.panel_rows != 0 && rounds) own.rounding = rounding;
  }
  return kernels;
}

RunResult described(Recipe recipe, const KernelTable& kernels) {
  return describe_run(prepared(recipe), {.name = "pp8", .prompt_tokens = 8}, {.threads = 2},
                      kernels);
}

TEST(Summary, NamesHowProductsSeeTheirActivations) {
  const KernelTable& exact = **select_kernels(live_cpu_features(), "scalar");
  const KernelTable bf16 = rounding_kernels(WeightFormat::bf16, ActivationRounding::bf16);
  const KernelTable f16 = rounding_kernels(WeightFormat::f16, ActivationRounding::f16);
  EXPECT_EQ(described(Recipe::q4_0, exact).engine.numerics, "int8-activations");
  EXPECT_EQ(described(Recipe::bf16, exact).engine.numerics, "float32-activations");
  EXPECT_EQ(described(Recipe::bf16, bf16).engine.numerics, "bfloat16-activations");
  EXPECT_EQ(described(Recipe::f16, bf16).engine.numerics, "float32-activations");
  EXPECT_EQ(described(Recipe::f16, f16).engine.numerics, "binary16-activations");
  EXPECT_EQ(described(Recipe::f16, f16).prefill_peak, "fma_flops_per_second");
}

TEST(Summary, ComparesRoundedProductsWithTheirOwnPeak) {
  RunResult run =
      described(Recipe::bf16, rounding_kernels(WeightFormat::bf16, ActivationRounding::bf16));
  EXPECT_EQ(run.prefill_peak, "bf16_flops_per_second");
  run.prefill_tokens_per_second = describe({100.0, 101.0, 102.0});
  MicroResults micro;
  micro.fma_flops_per_second[2] = describe({1e11});
  micro.bf16_flops_per_second[2] = describe({1.6e12});
  RunEvidence evidence;
  compare_with_limits(micro, run, evidence);
  EXPECT_EQ(evidence.compute_ops_per_second, 1.6e12);
  ASSERT_TRUE(run.prefill_compute_utilization_ratio.is_known());
  EXPECT_DOUBLE_EQ(run.prefill_compute_utilization_ratio.value(),
                   101.0 * run.prefill_flops_per_token / 1.6e12);
}

TEST(Summary, ComparesRoundedProductsWithNothingWhereTheirPeakWasNotMeasured) {
  RunResult run =
      described(Recipe::bf16, rounding_kernels(WeightFormat::bf16, ActivationRounding::bf16));
  run.prefill_tokens_per_second = describe({100.0, 101.0, 102.0});
  MicroResults micro;
  micro.fma_flops_per_second[2] = describe({1e11});
  RunEvidence evidence;
  compare_with_limits(micro, run, evidence);
  EXPECT_EQ(evidence.compute_ops_per_second, std::nullopt);
  EXPECT_EQ(run.prefill_compute_utilization_ratio.state(), FactState::unknown);
}

}  // namespace
}  // namespace assay
