// Latent attention: what the keys of a file mean, what it costs, and every weight format of both
// layouts of files against float64.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "reference-engine/footprint.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/nmse.hpp"

namespace assay {
namespace {

ModelSpec spec_of(const char* model) {
  const GoldenModels models;
  const auto spec = model_spec(*GgufFile::open(models.file(model)));
  EXPECT_TRUE(spec) << spec.error().text();
  return spec.value_or(ModelSpec());
}

TEST(LatentKeys, GiveTheSameSizesInBothLayouts) {
  const ModelSpec together = spec_of("deepseek2-lite");
  const ModelSpec apart = spec_of("deepseek2-lite-absorbed");
  const AttentionSpec& attention = together.layers[0].attention;
  EXPECT_EQ(attention.latent,
            (LatentSpec{.rank = 32, .query_rank = 0, .key = 16, .rotated = 16, .value = 32}));
  EXPECT_EQ(attention.heads, 2U);
  EXPECT_EQ(attention.kv_heads, 1U);
  EXPECT_EQ(attention.head_dim, 48U);
  EXPECT_EQ(together.layers, apart.layers);
  EXPECT_FALSE(together.file.latent_heads_apart);
  EXPECT_TRUE(apart.file.latent_heads_apart);
  EXPECT_EQ(spec_of("deepseek2-v3").layers[2].attention.latent.query_rank, 32U);
}

TEST(LatentKeys, StretchTheContextInTheScoresAlone) {
  const ModelSpec spec = spec_of("deepseek2-lite");
  EXPECT_EQ(spec.rope().yarn_magnitude, spec.rope().yarn_magnitude_divisor);
  const double magnitude = 1.0 + 0.0707 * std::log(40.0);
  EXPECT_NEAR(static_cast<double>(spec.scale.attention), magnitude * magnitude / std::sqrt(32.0),
              1e-7);
  EXPECT_EQ(spec_of("deepseek2-v3").scale.attention, 0.0F);
}

TEST(LatentKeys, SayHowTheRouterWeighs) {
  EXPECT_EQ(spec_of("deepseek2-lite").moe,
            (MoeSpec{.experts = 4, .used = 2, .d_expert = 32, .d_shared = 64}));
  EXPECT_EQ(spec_of("deepseek2-v3").moe, (MoeSpec{.experts = 8,
                                                  .used = 3,
                                                  .d_expert = 32,
                                                  .router = RouterKind::sigmoid,
                                                  .selection_bias = true,
                                                  .normalise_weights = true,
                                                  .weight_scale = 2.5F,
                                                  .d_shared = 64,
                                                  .groups = 4,
                                                  .groups_used = 2}));
  const ModelSpec lite = spec_of("deepseek2-lite");
  EXPECT_EQ(lite.layers[0].ffn, Ffn::dense);
  EXPECT_EQ(lite.mixture_layers(), 25U);
}

// One row of rank + rotated values a position and layer, whatever the number of heads.
TEST(LatentFootprint, CachesOneRow) {
  const ModelSpec spec = spec_of("deepseek2-v3");
  const TensorPlan plan = tensor_plan(spec, Recipe::f32).value();
  const SessionShape shape{.context = 100, .cache = CacheFormat::f16, .chunk = 8, .threads = 1};
  const Footprint cost = footprint(spec, plan, shape);
  EXPECT_EQ(cost.cache_per_position.value, 3U * 80U * 2U);
  EXPECT_EQ(cost.kv_cache.value, 100U * 3U * 80U * 2U);
  // Of each of 4 heads: a product with a row, and one with its values.
  EXPECT_EQ(cost.attention_flops_per_position, 3 * 2.0 * 2.0 * 4 * 80);
}

// The rows of keys that a file has together with values are kept, and read, in float32.
TEST(LatentFootprint, CountsRowsThatAreWidened) {
  ModelSpec spec = spec_of("deepseek2-lite");
  const TensorPlan plan = tensor_plan(spec, Recipe::q8_0).value();
  const std::uint64_t widening = 26U * 2U * 16U * (32U * 4U - 34U);
  const Footprint cost = footprint(spec, plan, {});
  EXPECT_EQ(cost.weights.value, plan.total_bytes().value + widening);
  EXPECT_EQ(cost.weights_per_token.value, plan.bytes_read_per_token().value + widening);
  spec.file.latent_heads_apart = true;
  const TensorPlan apart = tensor_plan(spec, Recipe::q8_0).value();
  EXPECT_EQ(footprint(spec, apart, {}).weights, apart.total_bytes());
}

/// Two layers with more heads than one block of queries holds, and not a multiple of it; rows as
/// long as a block of each format.
ModelSpec quantised_spec(bool apart, std::uint32_t query_rank) {
  ModelSpec spec;
  spec.name = "latent";
  spec.architecture = "any";
  spec.d_model = 256;
  spec.vocabulary = 1000;
  spec.trained_context = 4096;
  spec.file.latent_heads_apart = apart;
  spec.rope().dims = 32;
  const LatentSpec latent{
      .rank = 256, .query_rank = query_rank, .key = 64, .rotated = 32, .value = 64};
  spec.layers = uniform_layers(
      2,
      {.attention = {.heads = 12, .kv_heads = 1, .head_dim = 288, .latent = latent}, .d_ff = 512});
  return spec;
}

TEST(LatentModel, AgreesWithTheFloat64PassInEveryRecipe) {
  ThreadPool pool(2);
  for (const std::string& isa : available_isas(live_cpu_features())) {
    const KernelTable& kernels = **select_kernels(live_cpu_features(), isa);
    for (const bool apart : {false, true}) {
      const ModelSpec spec = quantised_spec(apart, apart ? 256 : 0);
      for (const Recipe recipe : all_recipes()) {
        const auto model = synthesise_model(spec, recipe, 1, kernels, pool);
        ASSERT_TRUE(model) << model.error().text();
        for (const CacheFormat cache : {CacheFormat::f32, CacheFormat::q8_0}) {
          auto session = Session::open(*model, {64, cache, 16, 2}, pool);
          ASSERT_TRUE(session->fill_to(20, 7));
          const auto nmse = reference_nmse(*model, *session, 50);
          ASSERT_TRUE(nmse) << nmse.error().text();
          EXPECT_LE(*nmse, reference_bound(*model, cache))
              << isa << " " << recipe_name(recipe) << " " << cache_format_name(cache);
        }
      }
    }
  }
}

// A chunk of many tokens takes other paths than one token: products of whole panels, tiles of keys.
TEST(LatentModel, GivesTheSameLogitsHoweverThePromptIsCut) {
  ThreadPool pool(2);
  const KernelTable& kernels = **select_kernels(live_cpu_features());
  std::vector<TokenId> tokens(70);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<TokenId>(i * 37 % 1000);
  for (const bool apart : {false, true}) {
    const auto model =
        synthesise_model(quantised_spec(apart, apart ? 0 : 256), Recipe::f32, 1, kernels, pool);
    ASSERT_TRUE(model) << model.error().text();
    std::vector<float> first;
    for (const std::uint32_t chunk : {70U, 33U, 1U}) {
      auto session = Session::open(*model, {70, CacheFormat::f32, chunk, 2}, pool);
      const auto logits = session->evaluate(tokens);
      ASSERT_TRUE(logits) << logits.error().text();
      if (first.empty()) first.assign(logits->begin(), logits->end());
      EXPECT_LE(nmse({logits->begin(), logits->end()}, first), 1e-9) << "passes of " << chunk;
    }
  }
}

}  // namespace
}  // namespace assay
