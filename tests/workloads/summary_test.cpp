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

/// The scalar table, as if it rounded like native numerics.
KernelTable rounding_kernels() {
  KernelTable kernels = **select_kernels(live_cpu_features(), "scalar");
  for (FormatKernels& format : kernels.formats) {
    const bool bf16 = format.format == static_cast<std::uint32_t>(WeightFormat::bf16);
    if (format.panel_rows != 0) format.rounds_to_bf16 = bf16;
  }
  return kernels;
}

RunResult described(Recipe recipe, const KernelTable& kernels) {
  return describe_run(prepared(recipe), {.name = "pp8", .prompt_tokens = 8}, {.threads = 2},
                      kernels);
}

TEST(Summary, NamesHowProductsSeeTheirActivations) {
  const KernelTable& exact = **select_kernels(live_cpu_features(), "scalar");
  const KernelTable native = rounding_kernels();
  EXPECT_EQ(described(Recipe::q4_0, exact).engine.numerics, "int8-activations");
  EXPECT_EQ(described(Recipe::bf16, exact).engine.numerics, "float32-activations");
  EXPECT_EQ(described(Recipe::bf16, native).engine.numerics, "bfloat16-activations");
  EXPECT_EQ(described(Recipe::f16, native).engine.numerics, "float32-activations");
}

TEST(Summary, RoundedProductsHaveALimitButNoPeak) {
  RunResult run = described(Recipe::bf16, rounding_kernels());
  EXPECT_EQ(run.prefill_peak, "bf16_flops_per_second");
  run.prefill_tokens_per_second = describe({100.0, 101.0, 102.0});
  MicroResults micro;
  micro.fma_flops_per_second[2] = describe({1e11});
  RunEvidence evidence;
  compare_with_limits(micro, run, evidence);
  EXPECT_EQ(evidence.compute_ops_per_second, 2e11);
  EXPECT_EQ(run.prefill_compute_utilization_ratio.state(), FactState::unknown);
}

}  // namespace
}  // namespace assay
