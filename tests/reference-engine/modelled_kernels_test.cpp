// Kernels of instructions that this processor may lack, executed through models of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/golden.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/thread_pool.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_distance.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/modelled_kernels.hpp"

namespace assay {
namespace {

class ModelledKernels : public testing::TestWithParam<const ModelledTable*> {};

TEST_P(ModelledKernels, AgreeWithTheDefinition) {
  const std::vector<KernelCheck> checks = check_all_kernels(GetParam()->table);
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
    const auto check = check_golden(name, GetParam()->table, pool);
    ASSERT_TRUE(check) << check.error().text();
    EXPECT_LE(check->nmse, check->bound) << name;
  }
}

/// Whole tiles of AMX and what is left of them; the largest sums of products.
TEST_P(ModelledKernels, AgreeOnManyColumns) {
  for (const FormatDefinition& definition : format_definitions()) {
    if (!definition.takes_q8) continue;
    const std::uint64_t block = block_shape(definition.format)->values;
    for (const std::uint64_t columns : {31U, 32U, 33U, 64U, 77U}) {
      for (const std::uint64_t k : {std::uint64_t{block}, std::uint64_t{512}, 512 + block}) {
        const KernelCheck check =
            check_multiply(GetParam()->table, {definition.format, 37, k, columns});
        EXPECT_TRUE(check.passed())
            << check.kernel << " k " << k << " columns " << columns << ": NMSE " << check.nmse;
      }
    }
  }
}

/// Whole tiles of pairs and of columns, and every kind of rest.
TEST_P(ModelledKernels, AgreeOnManyColumnsOfRoundedValues) {
  const KernelTable& table = GetParam()->table;
  if (format_kernels(table, WeightFormat::bf16)->rounding == ActivationRounding::none) return;
  for (const std::uint64_t columns : {31U, 32U, 33U, 64U, 77U, 300U}) {
    for (const std::uint64_t k : {1U, 30U, 32U, 33U, 64U, 257U, 300U, 512U}) {
      const KernelCheck check = check_multiply(table, {WeightFormat::bf16, 37, k, columns});
      EXPECT_TRUE(check.passed()) << "k " << k << " columns " << columns << ": NMSE " << check.nmse;
    }
  }
}

/// Each step adds the same positive products.
TEST_P(ModelledKernels, MeasureTheProductsOfNativeNumerics) {
  const KernelTable& table = GetParam()->table;
  const bool native =
      format_kernels(table, WeightFormat::bf16)->rounding != ActivationRounding::none;
  ASSERT_EQ(table.bf16_loop != nullptr, native);
  if (!native) return;
  EXPECT_GT(table.bf16_loop(1), 0.0F);
  EXPECT_EQ(table.bf16_loop(3) - table.bf16_loop(2), table.bf16_loop(2) - table.bf16_loop(1));
  EXPECT_GT(table.bf16_flops_per_step, 0.0);
}

/// A table whose kernels are all those of another would show nothing.
TEST_P(ModelledKernels, AreTheirOwn) {
  const ModelledTable& modelled = *GetParam();
  EXPECT_STRNE(modelled.table.isa, modelled.base->isa);
  EXPECT_NE(format_kernels(modelled.table, modelled.own)->multiply,
            format_kernels(*modelled.base, modelled.own)->multiply);
}

std::vector<const ModelledTable*> all_tables() {
  std::vector<const ModelledTable*> tables;
  for (const ModelledTable& modelled : modelled_tables()) tables.push_back(&modelled);
  return tables;
}

INSTANTIATE_TEST_SUITE_P(All, ModelledKernels, testing::ValuesIn(all_tables()),
                         [](const auto& row) { return std::string(row.param->table.isa); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ModelledKernels);

ModelSpec small_spec() {
  ModelSpec spec;
  spec.name = "small";
  spec.architecture = "llama";
  spec.d_model = 256;
  spec.layers =
      uniform_layers(3, {.attention = {.heads = 4, .kv_heads = 2, .head_dim = 64}, .d_ff = 512});
  spec.vocabulary = 512;
  spec.trained_context = 2048;
  spec.rope() = {.pairs = RopePairs::adjacent, .dims = 64, .base = 10000.0F};
  return spec;
}

ModelSpec small_mixture() {
  ModelSpec spec = small_spec();
  spec.name = "small mixture";
  spec.layers = uniform_layers(3, mixture_layer(spec.layers.front().attention));
  spec.moe = {.experts = 8, .used = 2, .d_expert = 256, .normalise_weights = true};
  return spec;
}

/// Native numerics: BF16 weights times rounded activations.
class NativeNumerics : public testing::TestWithParam<const ModelledTable*> {
 protected:
  /// NMSE of all logits of a golden model.
  double distance(const std::string& golden, std::uint32_t chunk) {
    return golden_distance(models_, golden, GetParam()->table, chunk, pool_);
  }

  GoldenModels models_;
  ThreadPool pool_{2};
};

TEST_P(NativeNumerics, CostWhatRoundingExplains) {
  for (const std::uint32_t chunk : {1U, 5U, 512U}) {
    const double native = distance("llama-wide-BF16", chunk);
    EXPECT_LE(native, k_golden_native) << chunk;
    EXPECT_GT(native, k_golden_half) << chunk << ": nothing is rounded";
    // Other formats multiply as ever.
    EXPECT_LE(distance("llama-wide-F16", chunk), k_golden_half);
  }
}

TEST_P(NativeNumerics, PassTheChecksBeforeAMeasurement) {
  for (const ModelSpec& spec : {small_spec(), small_mixture()}) {
    const auto model = synthesise_model(spec, Recipe::bf16, 1, GetParam()->table, pool_);
    ASSERT_TRUE(model) << model.error().text();
    auto session = Session::open(*model, {40, CacheFormat::f16, 16, 2}, pool_);
    ASSERT_TRUE(session && session->fill_to(33, 1));
    const auto check = check_session(*model, *session, 7);
    ASSERT_TRUE(check) << check.error().text();
    EXPECT_TRUE(check->passed()) << spec.name << ": " << check->reason();
  }
}

std::vector<const ModelledTable*> native_tables() {
  std::vector<const ModelledTable*> tables = all_tables();
  std::erase_if(tables, [](const ModelledTable* modelled) {
    return format_kernels(modelled->table, WeightFormat::bf16)->rounding ==
           ActivationRounding::none;
  });
  return tables;
}

INSTANTIATE_TEST_SUITE_P(All, NativeNumerics, testing::ValuesIn(native_tables()),
                         [](const auto& row) { return std::string(row.param->table.isa); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NativeNumerics);

}  // namespace
}  // namespace assay
