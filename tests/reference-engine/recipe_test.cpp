// The mixture rules against the sizes of published files, and the rules that no such file shows.
#include <gtest/gtest.h>

#include <string>

#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

struct Sizes {
  std::uint32_t layers, d_model, heads, kv_heads, head_dim, d_ff, vocabulary;
  bool tied = false;
  std::uint32_t experts = 1, used = 1, d_expert = 0;
};

ModelSpec spec_of(const char* architecture, const Sizes& sizes) {
  ModelSpec spec = architecture_spec(architecture).value();
  spec.name = architecture;
  spec.d_model = sizes.d_model;
  LayerSpec layer;
  layer.attention = {.heads = sizes.heads, .kv_heads = sizes.kv_heads, .head_dim = sizes.head_dim};
  layer.ffn = sizes.experts > 1 ? Ffn::mixture : Ffn::dense;
  layer.d_ff = sizes.experts > 1 ? 0 : sizes.d_ff;
  spec.layers = uniform_layers(sizes.layers, layer);
  spec.vocabulary = sizes.vocabulary;
  spec.trained_context = 4096;
  spec.tied_embeddings = sizes.tied;
  spec.rope().dims = sizes.head_dim;
  spec.moe.experts = sizes.experts;
  spec.moe.used = sizes.used;
  spec.moe.d_expert = sizes.d_expert;
  return spec;
}

constexpr Sizes k_mistral_7b{32, 4096, 32, 8, 128, 14336, 32000};
constexpr Sizes k_llama3_8b{32, 4096, 32, 8, 128, 14336, 128256};
constexpr Sizes k_llama32_3b{28, 3072, 24, 8, 128, 8192, 128256, true};
constexpr Sizes k_llama2_13b{40, 5120, 40, 40, 128, 13824, 32000};
constexpr Sizes k_qwen3_4b{36, 2560, 32, 8, 128, 9728, 151936, true};
constexpr Sizes k_qwen3_14b{40, 5120, 40, 8, 128, 17408, 151936};
constexpr Sizes k_qwen3_30b{48, 2048, 32, 4, 128, 6144, 151936, false, 128, 8, 768};
constexpr Sizes k_qwen25_3b{36, 2048, 16, 2, 128, 11008, 151936, true};

// What a vocabulary takes in a file, from one file of each family; keys and names of tensors make
// the rest of a header, which differs by less than 60,000 bytes within a family. One matrix of the
// wrong format would change a plan by more than that.
constexpr std::uint64_t k_llama2_header = 735000;
constexpr std::uint64_t k_llama3_header = 7840000;
constexpr std::uint64_t k_qwen_header = 5955000;
constexpr std::uint64_t k_header_tolerance = 60000;

struct PublishedFile {
  const char* name;
  const char* architecture;
  Sizes sizes;
  Recipe recipe;
  std::uint64_t bytes;
  std::uint64_t header;
};

std::ostream& operator<<(std::ostream& stream, const PublishedFile& file) {
  return stream << file.name;
}

class RecipeOfPublishedFile : public testing::TestWithParam<PublishedFile> {};

TEST_P(RecipeOfPublishedFile, GivesItsSize) {
  const PublishedFile& file = GetParam();
  const auto plan = tensor_plan(spec_of(file.architecture, file.sizes), file.recipe);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_NEAR(static_cast<double>(file.bytes - plan->total_bytes().value),
              static_cast<double>(file.header), k_header_tolerance);
}

// Sizes as listed by the publishers of these files (LM Studio's model catalogue, Hugging Face).
INSTANTIATE_TEST_SUITE_P(
    Files, RecipeOfPublishedFile,
    testing::Values(PublishedFile{"zephyr-7b Q4_K_S", "llama", k_mistral_7b, Recipe::q4_k_s,
                                  4140373696, k_llama2_header},
                    PublishedFile{"zephyr-7b Q6_K", "llama", k_mistral_7b, Recipe::q6_k, 5942064832,
                                  k_llama2_header},
                    PublishedFile{"mistral-7b Q4_0", "llama", k_mistral_7b, Recipe::q4_0,
                                  4108916384, k_llama2_header},
                    PublishedFile{"llama-2-13b Q4_0", "llama", k_llama2_13b, Recipe::q4_0,
                                  7365856064, k_llama2_header},
                    PublishedFile{"llama-3-8b Q4_K_M", "llama", k_llama3_8b, Recipe::q4_k_m,
                                  4920733888, k_llama3_header},
                    PublishedFile{"llama-3.2-3b Q4_K_M", "llama", k_llama32_3b, Recipe::q4_k_m,
                                  2019382400, k_llama3_header},
                    PublishedFile{"qwen3-4b Q4_K_M", "qwen3", k_qwen3_4b, Recipe::q4_k_m,
                                  2497280256, k_qwen_header},
                    PublishedFile{"qwen3-14b Q4_K_M", "qwen3", k_qwen3_14b, Recipe::q4_k_m,
                                  9001752960, k_qwen_header},
                    PublishedFile{"qwen3-14b Q5_K_M", "qwen3", k_qwen3_14b, Recipe::q5_k_m,
                                  10514570624, k_qwen_header},
                    PublishedFile{"qwen3-30b-a3b Q4_K_M", "qwen3moe", k_qwen3_30b, Recipe::q4_k_m,
                                  18556685824, k_qwen_header},
                    PublishedFile{"qwen3-30b-a3b Q3_K_S", "qwen3moe", k_qwen3_30b, Recipe::q3_k_s,
                                  13292468800, k_qwen_header},
                    PublishedFile{"qwen2.5-3b Q4_K_M", "qwen2", k_qwen25_3b, Recipe::q4_k_m,
                                  1929901056, k_qwen_header}));

struct ListedSize {
  const char* name;
  Sizes sizes;
  Recipe recipe;
  double gibibytes;
};

// What llama-bench shows of files that the public quantiser made (ik_llama.cpp, discussion 164;
// llama.cpp, pull request 5835): the tensors' bytes in GiB, to two places.
TEST(Recipe, GivesTheTensorBytesThatAreListedForOtherMixtures) {
  for (const ListedSize& listed : {ListedSize{"Q3_K_S", k_llama3_8b, Recipe::q3_k_s, 3.41},
                                   {"Q5_K_S", k_llama3_8b, Recipe::q5_k_s, 5.21},
                                   {"Q4_1", k_mistral_7b, Recipe::q4_1, 4.24}}) {
    const auto plan = tensor_plan(spec_of("llama", listed.sizes), listed.recipe);
    ASSERT_TRUE(plan) << plan.error().text();
    EXPECT_NEAR(static_cast<double>(plan->total_bytes().value) / (1 << 30), listed.gibibytes, 0.005)
        << listed.name;
  }
}

WeightFormat format_of(const TensorPlan& plan, const std::string& name) {
  for (const PlannedTensor& tensor : plan.tensors) {
    if (tensor.name == name) return tensor.format;
  }
  ADD_FAILURE() << "no tensor " << name;
  return WeightFormat::i8;
}

TEST(Recipe, FallsBackWhereABlockDoesNotDivideTheRows) {
  // 896 = 3.5 * 256 = 28 * 32; the down matrix has rows of 4,864 = 19 * 256.
  const Sizes qwen_half_b{24, 896, 14, 2, 64, 4864, 151936, true};
  const TensorPlan plan = tensor_plan(spec_of("qwen2", qwen_half_b), Recipe::q4_k_m).value();
  EXPECT_EQ(format_of(plan, "token_embd.weight"), WeightFormat::q8_0);    // for Q6_K
  EXPECT_EQ(format_of(plan, "blk.3.attn_q.weight"), WeightFormat::q5_0);  // for Q4_K
  EXPECT_EQ(format_of(plan, "blk.0.attn_v.weight"), WeightFormat::q8_0);
  EXPECT_EQ(format_of(plan, "blk.0.ffn_down.weight"), WeightFormat::q6_k);
  EXPECT_EQ(format_of(plan, "blk.3.attn_q.bias"), WeightFormat::f32);
  const TensorPlan five = tensor_plan(spec_of("qwen2", qwen_half_b), Recipe::q5_k_m).value();
  EXPECT_EQ(format_of(five, "blk.3.attn_q.weight"), WeightFormat::q5_1);
  // 172 is no multiple of 32 either.
  const Sizes odd{2, 64, 4, 2, 16, 172, 512};
  for (const Recipe recipe : {Recipe::q8_0, Recipe::q4_0, Recipe::q4_k_m}) {
    const TensorPlan odd_plan = tensor_plan(spec_of("llama", odd), recipe).value();
    EXPECT_EQ(format_of(odd_plan, "blk.0.ffn_down.weight"), WeightFormat::f16);
  }
}

// One matrix of queries, keys and values is taken for values: half of the layers get more bits.
TEST(Recipe, TakesFusedQueriesKeysAndValuesForValues) {
  const ModelSpec spec = spec_of("phi3", {32, 3072, 32, 32, 96, 8192, 32064});
  const TensorPlan plan = tensor_plan(spec, Recipe::q4_k_m).value();
  int wide = 0;
  int narrow = 0;
  for (const PlannedTensor& tensor : plan.tensors) {
    if (tensor.role != TensorRole::attention_qkv) continue;
    wide += tensor.format == WeightFormat::q6_k ? 1 : 0;
    narrow += tensor.format == WeightFormat::q4_k ? 1 : 0;
  }
  EXPECT_EQ(wide, 16);
  EXPECT_EQ(narrow, 16);
}

TEST(Recipe, GivesModelsOfEightExpertsBetterAttention) {
  const Sizes mixtral{32, 4096, 32, 8, 128, 14336, 32000, false, 8, 2, 14336};
  const TensorPlan plan = tensor_plan(spec_of("llama", mixtral), Recipe::q4_k_m).value();
  EXPECT_EQ(format_of(plan, "blk.9.attn_k.weight"), WeightFormat::q8_0);
  EXPECT_EQ(format_of(plan, "blk.9.attn_v.weight"), WeightFormat::q8_0);
  EXPECT_EQ(format_of(plan, "blk.9.attn_output.weight"), WeightFormat::q5_k);
  EXPECT_EQ(format_of(plan, "blk.9.attn_q.weight"), WeightFormat::q4_k);
  EXPECT_EQ(format_of(plan, "blk.9.ffn_gate_inp.weight"), WeightFormat::f32);
  EXPECT_EQ(format_of(plan, "blk.0.ffn_down_exps.weight"), WeightFormat::q6_k);
}

TEST(Recipe, FallsBackToSmallBlocksFromEveryLargeOne) {
  const Sizes narrow{2, 96, 3, 3, 32, 160, 512};  // rows of 96 and 160: multiples of 32 only
  for (const auto& [recipe, format] : {std::pair{Recipe::q2_k, WeightFormat::q4_0},
                                       {Recipe::q3_k_s, WeightFormat::q4_0},
                                       {Recipe::q4_k_s, WeightFormat::q5_0},
                                       {Recipe::q5_k_s, WeightFormat::q5_1},
                                       {Recipe::q6_k, WeightFormat::q8_0},
                                       {Recipe::iq4_xs, WeightFormat::iq4_nl}}) {
    const TensorPlan plan = tensor_plan(spec_of("llama", narrow), recipe).value();
    EXPECT_EQ(format_of(plan, "blk.1.ffn_up.weight"), format) << recipe_name(recipe);
    EXPECT_EQ(format_of(plan, "output.weight"), WeightFormat::q8_0) << recipe_name(recipe);
  }
}

TEST(Recipe, PutsExpertsOnlyIntoMxfp4) {
  const TensorPlan plan = tensor_plan(spec_of("qwen3moe", k_qwen3_30b), Recipe::mxfp4).value();
  EXPECT_EQ(format_of(plan, "blk.5.ffn_up_exps.weight"), WeightFormat::mxfp4);
  EXPECT_EQ(format_of(plan, "blk.5.attn_q.weight"), WeightFormat::q8_0);
  EXPECT_EQ(format_of(plan, "token_embd.weight"), WeightFormat::q8_0);
  EXPECT_EQ(recipe_from_name("MXFP4_MOE"), Recipe::mxfp4);
}

TEST(Recipe, NamesGoBothWays) {
  for (const Recipe recipe : all_recipes()) {
    EXPECT_EQ(recipe_from_name(recipe_name(recipe)), recipe);
  }
  EXPECT_EQ(recipe_from_name("q4_k_m"), Recipe::q4_k_m);
  EXPECT_FALSE(recipe_from_name("Q4_K_XL"));
}

TEST(Recipe, RefusesImpossibleSizesByName) {
  ModelSpec spec = spec_of("llama", k_mistral_7b);
  for (LayerSpec& layer : spec.layers) layer.attention.kv_heads = 5;
  const auto plan = tensor_plan(spec, Recipe::f16);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().text(),
            "llama: attention.head_count_kv: 5 (expected a divisor of attention.head_count = 32)");
}

}  // namespace
}  // namespace assay
