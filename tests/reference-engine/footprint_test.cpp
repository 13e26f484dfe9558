#include "reference-engine/footprint.hpp"

#include <gtest/gtest.h>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session_buffers.hpp"

namespace assay {
namespace {

ModelSpec dense() {
  ModelSpec spec = architecture_spec("llama").value();
  spec.name = "dense";
  spec.d_model = 64;
  spec.layers =
      uniform_layers(2, {.attention = {.heads = 4, .kv_heads = 2, .head_dim = 16}, .d_ff = 128});
  spec.vocabulary = 512;
  spec.trained_context = 512;
  spec.rope().dims = 16;
  return spec;
}

ModelSpec mixture() {
  ModelSpec spec = dense();
  spec.layers = uniform_layers(2, mixture_layer(spec.layers.front().attention));
  spec.moe = {.experts = 4, .used = 2, .d_expert = 32, .normalise_weights = true};
  return spec;
}

// One layer of dense(): q and output 64 * 64, k and v 64 * 32, three of 64 * 128.
constexpr std::uint64_t k_attention_weights = 2 * 64 * 64 + 2 * 64 * 32;
constexpr std::uint64_t k_dense_weights = 3 * 64 * 128;
constexpr std::uint64_t k_head_weights = 64 * 512;
constexpr std::uint64_t k_norms = 64 * 5;  // two in each layer, one at the end

TEST(Footprint, CountsEveryWeightOnce) {
  const TensorPlan plan = tensor_plan(dense(), Recipe::f32).value();
  const std::uint64_t all =
      2 * k_head_weights + 2 * (k_attention_weights + k_dense_weights) + k_norms;
  EXPECT_EQ(plan.parameters(), all);
  EXPECT_EQ(plan.total_bytes().value, 4 * all);
  EXPECT_EQ(footprint(dense(), plan, {}).weights.value, 4 * all);
}

// Experts of one row are kept as panels of 16.
TEST(Footprint, CountsWhatFillsUpPanels) {
  ModelSpec spec = mixture();
  spec.moe.d_expert = 1;
  const TensorPlan plan = tensor_plan(spec, Recipe::f32).value();
  // In each of two layers: 15 rows for the gate and the product of each of 4 experts, 12 for the
  // router; what an expert gives back has 64 rows.
  constexpr std::uint64_t k_rows = 2 * (2 * 4 * 15 + 12);
  const Footprint total = footprint(spec, plan, {});
  EXPECT_EQ(total.weights, plan.total_bytes());
  EXPECT_EQ(total.compute.value,
            session_buffers_bytes(spec, {}).value + k_rows * 64 * sizeof(float));
}

// The scalar kernels keep single rows: nothing is filled up there.
TEST(Footprint, KernelsKeepPanelsOfThatManyRows) {
  for (const std::string& name : available_isas(live_cpu_features())) {
    const auto table = select_kernels(live_cpu_features(), name, Numerics::exact);
    ASSERT_TRUE(table) << name;
    for (const FormatKernels& format : (*table)->formats) {
      if (format.panel_rows == 0) break;
      EXPECT_EQ(format.panel_rows, name == "scalar" ? 1U : k_panel_rows) << name;
    }
  }
}

TEST(Footprint, ReadsOneRowOfTheEmbeddingUnlessItIsTheHead) {
  ModelSpec spec = dense();
  const TensorPlan untied = tensor_plan(spec, Recipe::f32).value();
  EXPECT_EQ(untied.bytes_read_per_token().value,
            untied.total_bytes().value - 4 * (k_head_weights - 64));
  spec.tied_embeddings = true;
  const TensorPlan tied = tensor_plan(spec, Recipe::f32).value();
  EXPECT_EQ(tied.bytes_read_per_token(), tied.total_bytes());
  EXPECT_EQ(tied.parameters(), untied.parameters() - k_head_weights);
}

TEST(Footprint, ReadsOnlyTheUsedExperts) {
  const TensorPlan plan = tensor_plan(mixture(), Recipe::f32).value();
  constexpr std::uint64_t k_expert = 3 * 64 * 32;
  constexpr std::uint64_t k_unused = 2 * 2 * k_expert;  // two of four, in two layers
  EXPECT_EQ(plan.active_parameters(), plan.parameters() - k_unused);
  EXPECT_EQ(plan.bytes_read_per_token().value,
            plan.total_bytes().value - 4 * (k_unused + k_head_weights - 64));
}

TEST(Footprint, GrowsWithContextAndCacheFormat) {
  const TensorPlan plan = tensor_plan(dense(), Recipe::q8_0).value();
  const SessionShape f16{.context = 100, .cache = CacheFormat::f16, .chunk = 8, .threads = 1};
  SessionShape f32 = f16;
  f32.cache = CacheFormat::f32;
  const Footprint small = footprint(dense(), plan, f16);
  EXPECT_EQ(small.cache_per_position.value, 2U * 2U * 32U * 2U);  // k and v, layers, values, bytes
  EXPECT_EQ(small.kv_cache.value, 100U * small.cache_per_position.value);
  EXPECT_EQ(footprint(dense(), plan, f32).kv_cache.value, 2 * small.kv_cache.value);
  EXPECT_EQ(small.compute, session_buffers_bytes(dense(), f16));
  EXPECT_EQ(small.peak(), small.weights + small.kv_cache + small.compute + small.runtime);
  EXPECT_EQ(bytes_per_token(small, 10).value,
            small.weights_per_token.value + 10 * small.cache_per_position.value);
}

TEST(Footprint, CountsArithmetic) {
  const Footprint cost = footprint(dense(), tensor_plan(dense(), Recipe::f32).value(), {});
  EXPECT_EQ(cost.flops_per_token, 2.0 * 2 * (k_attention_weights + k_dense_weights));
  EXPECT_EQ(cost.head_flops, 2.0 * k_head_weights);
  // Each of 2 layers and 4 heads: a product of 16 values with a key, and one with a value.
  EXPECT_EQ(cost.attention_flops_per_position, 2.0 * 4 * 2 * 2 * 16);
  const Footprint sparse = footprint(mixture(), tensor_plan(mixture(), Recipe::f32).value(), {});
  EXPECT_EQ(sparse.flops_per_token,
            2.0 * 2 * (k_attention_weights + 2.0 * 3 * 64 * 32 + 4.0 * 64));  // router: 4 x 64
}

TEST(Footprint, ReadsNoFurtherThanTheWindow) {
  ModelSpec spec = dense();
  spec.layers[0].attention.window = 100;
  const TensorPlan plan = tensor_plan(spec, Recipe::f32).value();
  const Footprint cost = footprint(spec, plan, {.context = 1000});
  const std::uint64_t layer = cost.cache_per_position.value / 2;
  EXPECT_EQ(bytes_per_token(cost, 40).value, cost.weights_per_token.value + 40 * 2 * layer);
  EXPECT_EQ(bytes_per_token(cost, 900).value, cost.weights_per_token.value + (100 + 900) * layer);
  EXPECT_EQ(attention_flops(cost, 900.0),
            (100.0 + 900.0) * cost.attention_flops_per_position / 2.0);
}

TEST(CacheFormat, NamesGoBothWays) {
  for (const CacheFormat format : all_cache_formats()) {
    EXPECT_EQ(cache_format(cache_format_name(format)), format);
  }
  EXPECT_EQ(cache_format("f16"), CacheFormat::f16);
  EXPECT_FALSE(cache_format("Q4_0"));
}

TEST(CacheFormat, RowsAreWholeBlocks) {
  EXPECT_EQ(cache_row_bytes(CacheFormat::f32, 80), 320U);
  EXPECT_EQ(cache_row_bytes(CacheFormat::bf16, 80), 160U);
  EXPECT_EQ(cache_row_bytes(CacheFormat::q8_0, 64), 2U * 34);
  EXPECT_EQ(cache_row_bytes(CacheFormat::q8_0, 80), 3U * 34);  // the last one half empty
}

}  // namespace
}  // namespace assay
