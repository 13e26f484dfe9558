#include "reference-engine/model_spec.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/seeded_models.hpp"
#include "tests/temporary_directory.hpp"

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

/// The windows of a model's layers, 0 where a layer sees all.
std::vector<std::uint32_t> windows_of(const ModelSpec& spec) {
  std::vector<std::uint32_t> windows;
  for (const LayerSpec& layer : spec.layers) windows.push_back(layer.attention.window);
  return windows;
}

TEST(ModelSpec, KnowsWhichLayersHaveAWindow) {
  using Windows = std::vector<std::uint32_t>;
  EXPECT_EQ(windows_of(spec_of("gpt-oss")), (Windows{16, 0, 16, 0}));
  EXPECT_EQ(windows_of(spec_of("gemma3")), (Windows{16, 16, 16, 16, 16, 0, 16, 16}));
  EXPECT_EQ(windows_of(spec_of("olmo3")), (Windows{16, 16, 16, 0}));
  EXPECT_EQ(windows_of(spec_of("phi3")), (Windows{16, 16}));
  EXPECT_EQ(windows_of(spec_of("olmo2")), Windows(spec_of("olmo2").layers.size(), 0));
}

TEST(ModelSpec, KnowsTheRopeOfEachLayer) {
  const ModelSpec gemma3 = spec_of("gemma3");
  ASSERT_EQ(gemma3.ropes.size(), 2U);
  EXPECT_EQ(gemma3.layers[0].attention.rope, 1U);
  EXPECT_EQ(gemma3.layers[5].attention.rope, 0U);
  EXPECT_EQ(gemma3.ropes[1].base, 10000.0F);
  const ModelSpec olmo3 = spec_of("olmo3");
  ASSERT_EQ(olmo3.ropes.size(), 2U);
  EXPECT_EQ(olmo3.ropes[0].scaling, RopeScaling::yarn);
  EXPECT_EQ(olmo3.ropes[1].scaling, RopeScaling::none);
  const ModelSpec smollm3 = spec_of("smollm3");
  for (std::size_t layer = 0; layer < smollm3.layers.size(); ++layer) {
    EXPECT_EQ(smollm3.layers[layer].attention.rope.has_value(), layer != 3) << layer;
  }
}

TEST(ModelSpec, KnowsWhichLayersCarryAState) {
  const ModelSpec spec = spec_of("qwen35");
  EXPECT_EQ(spec.layers[0].mixer, Mixer::gated_delta_net);
  EXPECT_EQ(spec.layers[3].mixer, Mixer::attention);
  EXPECT_TRUE(spec.layers[3].attention.output_gate);
  EXPECT_EQ(spec_of("lfm2").layers[0].mixer, Mixer::short_convolution);
  EXPECT_EQ(spec_of("granitehybrid").layers[0].mixer, Mixer::state_space);
}

TEST(ModelSpec, RefusesKeysThatNoReaderAsksFor) {
  const TemporaryDirectory directory;
  GgufBuilder model = seeded_model("llama-gqa");
  model.set_u32("llama.attention.turns", 3);
  const auto file = GgufFile::open(directory.write("odd.gguf", model.build()));
  ASSERT_TRUE(file) << file.error().text();
  const auto spec = model_spec(*file);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, ErrorCode::refused_input);
  EXPECT_NE(spec.error().text().find("llama.attention.turns"), std::string::npos)
      << spec.error().text();
}

TEST(ModelSpec, LetsKeysOfOtherPrefixesPass) {
  const TemporaryDirectory directory;
  GgufBuilder model = seeded_model("llama-gqa");
  model.set_u32("quantize.imatrix.chunks_count", 3);
  const auto file = GgufFile::open(directory.write("more.gguf", model.build()));
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_TRUE(model_spec(*file));
}

TEST(ModelSpec, EverySupportedArchitectureHasAGoldenModel) {
  std::set<std::string> held;
  const GoldenModels models;
  for (const std::string& name : GoldenModels::names()) {
    held.insert(*GgufFile::open(models.file(name))->text("general.architecture"));
  }
  const std::vector<std::string> supported = supported_architectures();
  EXPECT_EQ(std::set<std::string>(supported.begin(), supported.end()), held);
}

TEST(ModelSpec, OffersEverySupportedArchitectureWithoutSizes) {
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
