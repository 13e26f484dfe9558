#include "reference-engine/model_spec.hpp"

#include <gtest/gtest.h>

#include "reference-engine/gguf_file.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

ModelSpec spec_of(const char* model) {
  const GoldenModels models;
  const auto file = GgufFile::open(models.file(model));
  EXPECT_TRUE(file) << file.error().text();
  const auto spec = model_spec(*file);
  EXPECT_TRUE(spec) << spec.error().text();
  return spec.value_or(ModelSpec());
}

TEST(ModelSpec, ReadsEverySizeOfAFile) {
  const ModelSpec spec = spec_of("llama-gqa");
  EXPECT_EQ(spec.name, "llama-gqa");
  EXPECT_EQ(spec.architecture, "llama");
  EXPECT_EQ(spec.layers.size(), 2U);
  EXPECT_EQ(spec.d_model, 64U);
  EXPECT_EQ(spec.layers[0].attention.heads, 4U);
  EXPECT_EQ(spec.layers[0].attention.kv_heads, 2U);
  EXPECT_EQ(spec.layers[0].attention.head_dim, 16U);
  EXPECT_EQ(spec.layers[0].d_ff, 128U);
  EXPECT_EQ(spec.vocabulary, 512U);
  EXPECT_EQ(spec.trained_context, 512U);
  EXPECT_EQ(spec.norm.epsilon, 1e-5F);
  EXPECT_EQ(spec.rope().dims, 16U);
  EXPECT_EQ(spec.rope().base, 10000.0F);
  EXPECT_EQ(spec.rope().pairs, RopePairs::adjacent);
  EXPECT_FALSE(spec.tied_embeddings);
  EXPECT_FALSE(spec.is_moe());
}

TEST(ModelSpec, ReadsTiedHeadsAndRopeFactors) {
  const ModelSpec spec = spec_of("llama-tied-ropefreqs");
  EXPECT_TRUE(spec.tied_embeddings);
  EXPECT_TRUE(spec.rope().frequency_factors);
  EXPECT_EQ(spec.rope().base, 500000.0F);
}

TEST(ModelSpec, ReadsRopeScaling) {
  EXPECT_EQ(spec_of("llama-gqa").rope().scaling, RopeScaling::none);
  const RopeSpec linear = spec_of("llama-linear-rope").rope();
  EXPECT_EQ(linear.scaling, RopeScaling::linear);
  EXPECT_EQ(linear.factor, 4.0F);
  const RopeSpec yarn = spec_of("llama-yarn-rope").rope();
  EXPECT_EQ(yarn.scaling, RopeScaling::yarn);
  EXPECT_EQ(yarn.original_context, 128U);
  EXPECT_EQ(yarn.yarn_beta_fast, 32.0F);
  EXPECT_EQ(yarn.attention_factor, 1.0F);
}

TEST(ModelSpec, KnowsWhatEachArchitectureDecides) {
  const ModelSpec mixtral = spec_of("mixtral");
  EXPECT_EQ(mixtral.moe,
            (MoeSpec{.experts = 4, .used = 2, .d_expert = 128, .normalise_weights = true}));
  const ModelSpec qwen2 = spec_of("qwen2");
  EXPECT_TRUE(qwen2.bias.qkv);
  EXPECT_EQ(qwen2.rope().pairs, RopePairs::halves);
  EXPECT_EQ(spec_of("qwen3").qk_norm, QkNorm::per_head);
  const ModelSpec qwen3moe = spec_of("qwen3moe");
  EXPECT_EQ(qwen3moe.qk_norm, QkNorm::per_head);
  EXPECT_EQ(qwen3moe.moe,
            (MoeSpec{.experts = 8, .used = 2, .d_expert = 64, .normalise_weights = true}));
  const ModelSpec olmoe = spec_of("olmoe");
  EXPECT_EQ(olmoe.qk_norm, QkNorm::full);
  EXPECT_EQ(olmoe.moe,
            (MoeSpec{.experts = 8, .used = 4, .d_expert = 64, .normalise_weights = false}));
}

TEST(ModelSpec, OffersEverySupportedArchitectureWithoutSizes) {
  EXPECT_EQ(supported_architectures(),
            (std::vector<std::string>{"llama", "qwen2", "qwen3", "qwen3moe", "olmoe"}));
  for (const std::string& name : supported_architectures()) {
    const auto spec = architecture_spec(name);
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->architecture, name);
    EXPECT_FALSE(check_spec(*spec)) << "sizes are missing";
  }
  EXPECT_FALSE(architecture_spec("mamba"));
}

}  // namespace
}  // namespace assay
