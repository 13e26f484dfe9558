#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "advisor/catalogue.hpp"
#include "base/file.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

std::uint64_t parameters(const std::string& config) {
  const auto spec = spec_from_config_json(config, "config.json");
  EXPECT_TRUE(spec) << spec.error().text();
  return spec ? tensor_plan(*spec, Recipe::f16)->parameters() : 0;
}

std::string refusal(const std::string& config) {
  const auto spec = spec_from_config_json(config, "config.json");
  return spec ? std::string("accepted") : spec.error().text();
}

// Sizes of published models; the counts are the published ones (configs/models/catalogue.json).
TEST(ConfigJson, Llama) {
  const std::string config = R"({"model_type": "llama", "hidden_size": 2048,
    "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "rms_norm_eps": 1e-05,
    "max_position_embeddings": 131072, "tie_word_embeddings": true, "rope_theta": 500000.0,
    "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})";
  EXPECT_EQ(parameters(config), 1'235'814'400U);
  const auto spec = spec_from_config_json(config, "config.json");
  EXPECT_TRUE(spec->rope().frequency_factors);
  EXPECT_EQ(spec->rope().base, 500000.0F);
  EXPECT_EQ(spec->rope().dims, 64U);
  EXPECT_EQ(spec->architecture, "llama");
}

TEST(ConfigJson, MixtralIsLlamaWithExperts) {
  EXPECT_EQ(parameters(R"({"model_type": "mixtral", "hidden_size": 4096,
    "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 32000, "max_position_embeddings": 32768,
    "num_local_experts": 8, "num_experts_per_tok": 2, "rope_theta": 1000000.0})"),
            46'702'792'704U);
}

TEST(ConfigJson, Mistral) {
  EXPECT_EQ(parameters(R"({"model_type": "mistral", "hidden_size": 4096,
    "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 32768, "max_position_embeddings": 32768,
    "sliding_window": null})"),
            7'248'023'552U);
}

TEST(ConfigJson, Qwen2HasBiases) {
  EXPECT_EQ(parameters(R"({"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
    "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
    "vocab_size": 151936, "max_position_embeddings": 32768, "tie_word_embeddings": true,
    "use_sliding_window": false})"),
            494'032'768U);
}

TEST(ConfigJson, Qwen3WithRopeParametersOfNewerFiles) {
  const std::string config = R"({"model_type": "qwen3", "hidden_size": 2560,
    "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936,
    "max_position_embeddings": 40960, "tie_word_embeddings": true,
    "rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000, "factor": 4.0,
    "original_max_position_embeddings": 32768}})";
  EXPECT_EQ(parameters(config), 4'022'468'096U);
  const auto spec = spec_from_config_json(config, "config.json");
  EXPECT_EQ(spec->rope().scaling, RopeScaling::yarn);
  EXPECT_EQ(spec->rope().original_context, 32768U);
  EXPECT_EQ(spec->rope().base, 1e6F);
}

TEST(ConfigJson, Qwen3Moe) {
  EXPECT_EQ(parameters(R"({"model_type": "qwen3_moe", "hidden_size": 2048,
    "intermediate_size": 6144, "num_hidden_layers": 48, "num_attention_heads": 32,
    "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 151936,
    "max_position_embeddings": 40960, "num_experts": 128, "num_experts_per_tok": 8,
    "moe_intermediate_size": 768, "norm_topk_prob": true, "mlp_only_layers": [],
    "decoder_sparse_step": 1})"),
            30'532'122'624U);
}

TEST(ConfigJson, Olmoe) {
  EXPECT_EQ(parameters(R"({"model_type": "olmoe", "hidden_size": 2048, "intermediate_size": 1024,
    "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 16,
    "vocab_size": 50304, "max_position_embeddings": 4096, "num_experts": 64,
    "num_experts_per_tok": 8, "norm_topk_prob": false})"),
            6'919'161'856U);
}

/// A model's configuration (tests/fixtures/configs/ID.json), and the catalogue's row of it.
class ConfigOfCatalogueModel : public testing::TestWithParam<const char*> {
 protected:
  static ModelSpec from_config() {
    const std::string path =
        std::string(ASSAY_TEST_ROOT) + "/fixtures/configs/" + GetParam() + ".json";
    const auto text = read_file(path, mebibytes(1));
    EXPECT_TRUE(text) << path;
    auto spec = spec_from_config_json(text.value_or(""), path);
    EXPECT_TRUE(spec) << (spec ? "" : spec.error().text());
    return spec.value_or(ModelSpec{});
  }
  static ModelSpec from_catalogue() { return builtin_catalogue().value().find(GetParam())->spec; }
};

// Two descriptions of one model, from different sources, give the same tensors and layers.
TEST_P(ConfigOfCatalogueModel, DescribesTheSameModel) {
  const ModelSpec config = from_config();
  const ModelSpec catalogue = from_catalogue();
  EXPECT_EQ(config.architecture, catalogue.architecture);
  EXPECT_EQ(config.layers, catalogue.layers);
  EXPECT_EQ(config.moe, catalogue.moe);
  EXPECT_EQ(config.recurrence, catalogue.recurrence);
  EXPECT_EQ(config.ropes.size(), catalogue.ropes.size());
  EXPECT_EQ(config.rope().dims, catalogue.rope().dims);
  EXPECT_EQ(config.rope().scaling, catalogue.rope().scaling);
  EXPECT_EQ(config.trained_context, catalogue.trained_context);
  EXPECT_EQ(tensor_plan(config, Recipe::q4_k_m).value(),
            tensor_plan(catalogue, Recipe::q4_k_m).value());
}

INSTANTIATE_TEST_SUITE_P(
    Published, ConfigOfCatalogueModel,
    testing::Values("deepseek-v2-lite", "ernie-4.5-0.3b", "ernie-4.5-21b-a3b", "gemma-2-2b",
                    "gemma-3-1b", "gemma-3-4b", "gemma-4-26b-a4b", "gemma-4-e2b", "gpt-oss-20b",
                    "granite-3.0-1b-a400m", "granite-3.3-2b", "granite-4.0-h-micro",
                    "granite-4.0-h-tiny", "granite-4.0-micro", "lfm2-1.2b", "lfm2-8b-a1b",
                    "ministral-3-3b", "olmo-2-1b", "olmo-3-7b", "phi-3-mini-4k", "phi-3.5-moe",
                    "phi-4-mini", "qwen3.5-2b", "qwen3.5-35b-a3b", "smollm3-3b"),
    [](const auto& test) {
      std::string name = test.param;
      std::ranges::replace_if(name, [](char letter) { return std::isalnum(letter) == 0; }, '_');
      return name;
    });

TEST(ConfigJson, RefusalsNameTheField) {
  EXPECT_THAT(refusal("no JSON"), HasSubstr("config.json: is not valid JSON"));
  EXPECT_THAT(refusal("{}"), HasSubstr("/model_type: missing"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba"})"), HasSubstr("expected one of llama, mistral"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3moe"})"),
              HasSubstr("/model_type: \"qwen3moe\" found (did you mean qwen3_moe"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": 64, "vocab_size": 100,
    "max_position_embeddings": 512, "num_attention_heads": 4, "intermediate_size": 128,
    "num_hidden_layers": 99999999999})"),
              HasSubstr("/num_hidden_layers"));
  const std::string sizes = R"("hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 512)";
  EXPECT_EQ(refusal(R"({"model_type": "llama", )" + sizes + "}"), "accepted");
  EXPECT_THAT(refusal(R"({"model_type": "llama", "attention_bias": true, )" + sizes + "}"),
              HasSubstr("/attention_bias"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_key_value_heads": 3, )" + sizes + "}"),
              HasSubstr("/num_key_value_heads: 3"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen2", "use_sliding_window": true, )" + sizes + "}"),
              HasSubstr("/use_sliding_window"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "rope_scaling": {"type": "odd"}, )" + sizes + "}"),
              HasSubstr("/rope_scaling/type: \"odd\""));
  EXPECT_THAT(
      refusal(R"({"model_type": "llama", "layer_types": ["full_attention"], )" + sizes + "}"),
      HasSubstr("/layer_types: 1 layers (expected num_hidden_layers = 2)"));
  EXPECT_THAT(
      refusal(R"({"model_type": "llama", "layer_types": ["mamba", "odd"], )" + sizes + "}"),
      HasSubstr("/layer_types: \"mamba\" found (expected one of full_attention, attention)"));
  EXPECT_THAT(
      refusal(R"({"model_type": "lfm2", "num_key_value_heads": 2, "full_attn_idxs": [2], )" +
              sizes + "}"),
      HasSubstr("/full_attn_idxs: 2 found"));
  EXPECT_THAT(refusal(R"({"model_type": "smollm3", "no_rope_layers": [1], )" + sizes + "}"),
              HasSubstr("/no_rope_layers: 1 layers"));
  EXPECT_THAT(refusal(R"({"model_type": "phi3", "partial_rotary_factor": 1.5, )" + sizes + "}"),
              HasSubstr("/partial_rotary_factor: 1.5 found"));
  EXPECT_THAT(refusal(R"({"model_type": "granitemoehybrid", "mamba_n_heads": 3,
                "shared_intermediate_size": 64, )" +
                      sizes + "}"),
              HasSubstr("/mamba_n_heads: 3 found (expected a divisor of 128)"));
  EXPECT_THAT(
      refusal(R"({"model_type": "lfm2", "num_key_value_heads": 2, "block_auto_adjust_ff_dim": true,
                "block_ffn_dim_multiplier": -1, )" +
              sizes + "}"),
      HasSubstr("/block_ffn_dim_multiplier: -1 found"));
  EXPECT_THAT(refusal(R"({"model_type": "lfm2", "num_key_value_heads": 2,
                "block_auto_adjust_ff_dim": true, "block_ffn_dim_multiplier": 16,
                "block_ff_dim": 4000000000, )" +
                      sizes + "}"),
              HasSubstr("/d_ff: 42666666752 found"));
  EXPECT_THAT(refusal(R"({"model_type": "gemma3", "text_config": {"model_type": "other"}})"),
              HasSubstr("/text_config/model_type: \"other\""));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_moe", "mlp_only_layers": [1], )" + sizes + "}"),
              HasSubstr("/mlp_only_layers"));
}

}  // namespace
}  // namespace assay
