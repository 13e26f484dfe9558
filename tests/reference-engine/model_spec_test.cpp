#include "reference-engine/model_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "reference-engine/gguf_file.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/seeded_models.hpp"

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
  EXPECT_EQ(spec.layers, 2U);
  EXPECT_EQ(spec.d_model, 64U);
  EXPECT_EQ(spec.heads, 4U);
  EXPECT_EQ(spec.kv_heads, 2U);
  EXPECT_EQ(spec.head_dim, 16U);
  EXPECT_EQ(spec.d_ff, 128U);
  EXPECT_EQ(spec.vocabulary, 512U);
  EXPECT_EQ(spec.trained_context, 512U);
  EXPECT_EQ(spec.norm_epsilon, 1e-5F);
  EXPECT_EQ(spec.rope.dims, 16U);
  EXPECT_EQ(spec.rope.base, 10000.0F);
  EXPECT_EQ(spec.rope.pairs, RopePairs::adjacent);
  EXPECT_FALSE(spec.tied_embeddings);
  EXPECT_FALSE(spec.is_moe());
}

TEST(ModelSpec, ReadsTiedHeadsAndRopeFactors) {
  const ModelSpec spec = spec_of("llama-tied-ropefreqs");
  EXPECT_TRUE(spec.tied_embeddings);
  EXPECT_TRUE(spec.rope.frequency_factors);
  EXPECT_EQ(spec.rope.base, 500000.0F);
}

TEST(ModelSpec, ReadsRopeScaling) {
  EXPECT_EQ(spec_of("llama-gqa").rope.scaling, RopeScaling::none);
  const RopeSpec linear = spec_of("llama-linear-rope").rope;
  EXPECT_EQ(linear.scaling, RopeScaling::linear);
  EXPECT_EQ(linear.factor, 4.0F);
  const RopeSpec yarn = spec_of("llama-yarn-rope").rope;
  EXPECT_EQ(yarn.scaling, RopeScaling::yarn);
  EXPECT_EQ(yarn.original_context, 128U);
  EXPECT_EQ(yarn.yarn_beta_fast, 32.0F);
  EXPECT_EQ(yarn.attention_factor, 1.0F);
}

TEST(ModelSpec, KnowsWhatEachArchitectureDecides) {
  const ModelSpec mixtral = spec_of("mixtral");
  EXPECT_EQ(mixtral.moe, (MoeSpec{4, 2, 128, true}));
  const ModelSpec qwen2 = spec_of("qwen2");
  EXPECT_TRUE(qwen2.qkv_bias);
  EXPECT_EQ(qwen2.rope.pairs, RopePairs::halves);
  EXPECT_EQ(spec_of("qwen3").qk_norm, QkNorm::per_head);
  const ModelSpec qwen3moe = spec_of("qwen3moe");
  EXPECT_EQ(qwen3moe.qk_norm, QkNorm::per_head);
  EXPECT_EQ(qwen3moe.moe, (MoeSpec{8, 2, 64, true}));
  const ModelSpec olmoe = spec_of("olmoe");
  EXPECT_EQ(olmoe.qk_norm, QkNorm::full);
  EXPECT_EQ(olmoe.moe, (MoeSpec{8, 4, 64, false}));
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

struct BadModel {
  const char* name;
  const char* model;
  void (*spoil)(GgufBuilder& file);
  const char* message;
};

std::ostream& operator<<(std::ostream& stream, const BadModel& row) { return stream << row.name; }

class ModelRefusal : public testing::TestWithParam<BadModel> {};

TEST_P(ModelRefusal, NamesTheField) {
  GgufBuilder builder = seeded_model(GetParam().model);
  GetParam().spoil(builder);
  const TemporaryDirectory directory;
  const auto path = directory.write("bad.gguf", builder.build());
  const auto file = GgufFile::open(path);
  ASSERT_TRUE(file) << file.error().text();
  const auto spec = model_spec(*file);
  const auto plan = spec ? tensor_plan(*file, *spec) : tl::unexpected<Error>(spec.error());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::refused_input);
  EXPECT_THAT(plan.error().text(), testing::StartsWith(path.string() + ": "));
  EXPECT_THAT(plan.error().text(), testing::HasSubstr(GetParam().message));
}

std::string row_name(const testing::TestParamInfo<BadModel>& row) { return row.param.name; }

constexpr std::uint32_t k_most = std::numeric_limits<std::uint32_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Architecture, ModelRefusal,
    testing::Values(
        BadModel{"missing", "llama-gqa", [](GgufBuilder& f) { f.remove("general.architecture"); },
                 "general.architecture: missing"},
        BadModel{"number", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("general.architecture", 1); },
                 "general.architecture: u32 (expected string)"},
        BadModel{"unknown", "llama-gqa",
                 [](GgufBuilder& f) { f.set_text("general.architecture", "mamba"); },
                 "general.architecture: 'mamba' is not supported (expected llama, qwen2, qwen3, "
                 "qwen3moe, olmoe)"},
        BadModel{"format_string", "llama-gqa",
                 [](GgufBuilder& f) { f.set_text("general.architecture", "%s%n{}{0}"); },
                 "general.architecture: '%s%n{}{0}' is not supported"},
        BadModel{"path", "llama-gqa",
                 [](GgufBuilder& f) { f.set_text("general.architecture", "../../etc/passwd"); },
                 "general.architecture: '../../etc/passwd' is not supported"},
        BadModel{"no_keys", "llama-gqa", [](GgufBuilder& f) { f.keys.clear(); },
                 "general.architecture: missing"},
        BadModel{"no_tensors", "llama-gqa", [](GgufBuilder& f) { f.tensors.clear(); },
                 "tensor count: 0"},
        BadModel{"split", "llama-gqa",
                 [](GgufBuilder& f) { f.set<std::uint16_t>("split.count", GgufType::u16, 3); },
                 "split.count: one of 3 parts"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Sizes, ModelRefusal,
    testing::Values(
        BadModel{"no_layers", "llama-gqa", [](GgufBuilder& f) { f.remove("llama.block_count"); },
                 "llama.block_count: missing"},
        BadModel{"layers_0", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 0); },
                 "llama.block_count: 0 (expected 1 to 512)"},
        BadModel{"layers_3", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 3); },
                 "tensor 'blk.2.attn_norm.weight': missing"},
        BadModel{"layers_1", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 1); },
                 "tensor 'blk.1.attn_norm.weight': has no place in a model of 1 layers"},
        BadModel{"layers_1e5", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.block_count", 100000); },
                 "llama.block_count: 100000 (expected 1 to 512)"},
        BadModel{"layers_most", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.block_count", k_most); },
                 "llama.block_count: 4294967295 (expected 1 to 512)"},
        BadModel{"layers_text", "llama-gqa",
                 [](GgufBuilder& f) { f.set_text("llama.block_count", "2"); },
                 "llama.block_count: string '2' (expected a non-negative integer)"},
        BadModel{
            "layers_negative", "llama-gqa",
            [](GgufBuilder& f) { f.set<std::int32_t>("llama.block_count", GgufType::i32, -2); },
            "llama.block_count: i32 -2 (expected a non-negative integer)"},
        BadModel{"layers_64_bit", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.set<std::uint64_t>("llama.block_count", GgufType::u64,
                                        (std::uint64_t{1} << 32U) + 2);
                 },
                 "llama.block_count: 4294967298 (expected a 32-bit number)"},
        BadModel{"embedding", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.embedding_length", 128); },
                 "tensor 'token_embd.weight': [64, 512] values (expected [128, 512]"},
        BadModel{"ffn", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.feed_forward_length", 256); },
                 "tensor 'blk.0.ffn_gate.weight': [64, 128] values (expected [64, 256]"},
        BadModel{"ffn_0", "llama-gqa",
                 [](GgufBuilder& f) { f.remove("llama.feed_forward_length"); },
                 "llama.feed_forward_length: 0"},
        BadModel{"context_0", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.context_length", 0); },
                 "llama.context_length: 0"},
        BadModel{"tokens", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.set_texts("tokenizer.ggml.tokens", std::vector<std::string>(511, "x"));
                 },
                 "tokenizer.ggml.tokens: 511 tokens (expected the 512 rows"},
        BadModel{"tokens_as_numbers", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.set_numbers<std::int32_t>("tokenizer.ggml.tokens", GgufType::i32,
                                               std::vector<std::int32_t>(512));
                 },
                 "tokenizer.ggml.tokens: array of i32 (expected array of string)"},
        BadModel{"vocabulary", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.remove("tokenizer.ggml.tokens");
                   f.set_u32("llama.vocab_size", 513);
                 },
                 "llama.vocab_size: 513 (expected the 512 rows"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Attention, ModelRefusal,
    testing::Values(
        BadModel{"heads_0", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.head_count", 0); },
                 "llama.attention.head_count: 0"},
        BadModel{"heads_3", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.head_count", 3); },
                 "llama.attention.head_count_kv: 2 (expected a divisor of attention.head_count"},
        BadModel{"heads_3_without_length", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.set_u32("llama.attention.head_count", 3);
                   f.remove("llama.attention.key_length");
                 },
                 "llama.attention.head_count: 3 (expected a divisor of embedding_length = 64)"},
        BadModel{"heads_most", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.head_count", k_most); },
                 "llama.attention.head_count: 4294967295 (expected 1 to 4096)"},
        BadModel{"kv_heads_0", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.head_count_kv", 0); },
                 "llama.attention.head_count_kv: 0"},
        BadModel{"kv_heads_3", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.head_count_kv", 3); },
                 "llama.attention.head_count_kv: 3 (expected a divisor"},
        BadModel{"kv_heads_8_of_4", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.head_count_kv", 8); },
                 "llama.attention.head_count_kv: 8 (expected a divisor"},
        BadModel{"kv_heads_by_layer", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.set_numbers<std::int32_t>("llama.attention.head_count_kv", GgufType::i32,
                                               std::vector<std::int32_t>{2, 2});
                 },
                 "llama.attention.head_count_kv: array of i32 (expected a non-negative integer)"},
        BadModel{"value_length", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.attention.value_length", 8); },
                 "llama.attention.value_length: 8"},
        BadModel{"rope_1e6", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.rope.dimension_count", 1000000); },
                 "llama.rope.dimension_count: 1000000"},
        BadModel{"rope_odd", "llama-gqa",
                 [](GgufBuilder& f) { f.set_u32("llama.rope.dimension_count", 15); },
                 "llama.rope.dimension_count: 15 (expected an even number"},
        BadModel{"rope_base_nan", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.set_f32("llama.rope.freq_base", std::numeric_limits<float>::quiet_NaN());
                 },
                 "llama.rope.freq_base: nan"},
        BadModel{"epsilon", "llama-gqa",
                 [](GgufBuilder& f) { f.set_f32("llama.attention.layer_norm_rms_epsilon", -1.0F); },
                 "llama.attention.layer_norm_rms_epsilon: -1"},
        BadModel{"yarn_without_context", "llama-yarn-rope",
                 [](GgufBuilder& f) { f.remove("llama.rope.scaling.original_context_length"); },
                 "llama.rope.scaling.original_context_length: missing"},
        BadModel{"scaling_factor_0", "llama-linear-rope",
                 [](GgufBuilder& f) { f.set_f32("llama.rope.scaling.factor", 0.0F); },
                 "llama.rope.scaling.factor: 0"},
        BadModel{"scaling_unknown", "llama-linear-rope",
                 [](GgufBuilder& f) { f.set_text("llama.rope.scaling.type", "longrope"); },
                 "llama.rope.scaling.type: 'longrope' (expected none, linear or yarn)"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Experts, ModelRefusal,
    testing::Values(
        BadModel{"used_0", "mixtral",
                 [](GgufBuilder& f) { f.set_u32("llama.expert_used_count", 0); },
                 "llama.expert_used_count: 0 (expected 1 to the 4"},
        BadModel{"used_8_of_4", "mixtral",
                 [](GgufBuilder& f) { f.set_u32("llama.expert_used_count", 8); },
                 "llama.expert_used_count: 8 (expected 1 to the 4"},
        BadModel{"used_missing", "mixtral",
                 [](GgufBuilder& f) { f.remove("llama.expert_used_count"); },
                 "llama.expert_used_count: missing"},
        BadModel{"16_of_4", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_count", 16); },
                 "tensor 'blk.0.ffn_gate_inp.weight': [64, 4] values (expected [64, 16]"},
        BadModel{"most", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_count", k_most); },
                 "llama.expert_count: 4294967295 (expected at most 1024)"},
        BadModel{"one", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_count", 1); },
                 "llama.expert_count: 1 (expected at least 2)"},
        BadModel{"none_in_olmoe", "olmoe",
                 [](GgufBuilder& f) { f.set_u32("olmoe.expert_count", 0); },
                 "olmoe.expert_count: 0 (expected at least 2)"},
        BadModel{"some_in_qwen2", "qwen2",
                 [](GgufBuilder& f) { f.set_u32("qwen2.expert_count", 8); },
                 "qwen2.expert_count: 8 (expected none"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Tensors, ModelRefusal,
    testing::Values(
        BadModel{"missing", "llama-gqa", [](GgufBuilder& f) { f.remove("blk.1.ffn_up.weight"); },
                 "tensor 'blk.1.ffn_up.weight': missing (expected [64, 128] values)"},
        BadModel{"no_embedding", "llama-gqa", [](GgufBuilder& f) { f.remove("token_embd.weight"); },
                 "tensor 'token_embd.weight': missing"},
        BadModel{"no_bias", "qwen2", [](GgufBuilder& f) { f.remove("blk.1.attn_k.bias"); },
                 "tensor 'blk.1.attn_k.bias': missing"},
        BadModel{"transposed", "llama-gqa",
                 [](GgufBuilder& f) { f.tensor("blk.0.ffn_up.weight").dims = {128, 64}; },
                 "tensor 'blk.0.ffn_up.weight': [128, 64] values (expected [64, 128]"},
        BadModel{"flat", "llama-gqa",
                 [](GgufBuilder& f) { f.tensor("blk.0.ffn_up.weight").dims = {8192}; },
                 "tensor 'blk.0.ffn_up.weight': [8192] values (expected [64, 128]"},
        BadModel{"integers", "llama-gqa",
                 [](GgufBuilder& f) { f.tensor("blk.0.ffn_up.weight").format = 26; },
                 "tensor 'blk.0.ffn_up.weight': I32 (expected a format of weights)"},
        BadModel{"quantised_norm", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.tensor("blk.0.attn_norm.weight").format = 2;
                   f.tensor("blk.0.attn_norm.weight").data.resize(36);
                 },
                 "tensor 'blk.0.attn_norm.weight': Q4_0 (expected F32)"},
        BadModel{"unknown", "llama-gqa",
                 [](GgufBuilder& f) {
                   f.add_f32("blk.0.attn_output.bias", {64}, std::vector<float>(64));
                 },
                 "tensor 'blk.0.attn_output.bias': has no place in a model"},
        BadModel{"rope_factors", "llama-tied-ropefreqs",
                 [](GgufBuilder& f) { f.tensor("rope_freqs.weight").dims = {4, 2}; },
                 "tensor 'rope_freqs.weight': [4, 2] values (expected [8]"}),
    row_name);

}  // namespace
}  // namespace assay
