#include "reference-engine/tensor_plan.hpp"

#include <gtest/gtest.h>

#include "reference-engine/gguf_file.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

struct PlanCase {
  const char* model;
  Recipe recipe;
};

class PlanOfGolden : public testing::TestWithParam<PlanCase> {};

TEST_P(PlanOfGolden, FromSpecAndRecipeEqualsTheFilesOwn) {
  const GoldenModels models;
  const auto file = GgufFile::open(models.file(GetParam().model));
  ASSERT_TRUE(file) << file.error().text();
  const auto spec = model_spec(*file);
  ASSERT_TRUE(spec) << spec.error().text();
  const auto own = tensor_plan(*file, *spec);
  ASSERT_TRUE(own) << own.error().text();
  const auto planned = tensor_plan(*spec, GetParam().recipe);
  ASSERT_TRUE(planned) << planned.error().text();
  ASSERT_EQ(planned->tensors.size(), own->tensors.size());
  ASSERT_EQ(own->tensors.size(), file->tensors().size());
  for (std::size_t i = 0; i < own->tensors.size(); ++i) {
    EXPECT_EQ(planned->tensors[i], own->tensors[i]) << own->tensors[i].name;
    EXPECT_EQ(own->tensors[i].bytes.value, file->tensor(own->tensors[i].name)->bytes);
  }
}

// llama-wide-MXFP4 follows no recipe (tests/golden/README.md).
INSTANTIATE_TEST_SUITE_P(
    Files, PlanOfGolden,
    testing::Values(
        PlanCase{"llama-gqa", Recipe::f32}, PlanCase{"llama-tied-ropefreqs", Recipe::f32},
        PlanCase{"llama-linear-rope", Recipe::f32}, PlanCase{"llama-yarn-rope", Recipe::f32},
        PlanCase{"mixtral", Recipe::f32}, PlanCase{"qwen2", Recipe::f32},
        PlanCase{"qwen3", Recipe::f32}, PlanCase{"qwen3moe", Recipe::f32},
        PlanCase{"olmoe", Recipe::f32}, PlanCase{"gemma4", Recipe::f32},
        PlanCase{"gemma4-moe", Recipe::f32}, PlanCase{"llama-wide-F16", Recipe::f16},
        PlanCase{"llama-wide-BF16", Recipe::bf16}, PlanCase{"stories260K", Recipe::f32},
        PlanCase{"llama-wide-Q8_0", Recipe::q8_0}, PlanCase{"llama-wide-Q4_0", Recipe::q4_0},
        PlanCase{"llama-wide-Q6_K", Recipe::q6_k}, PlanCase{"llama-wide-Q4_K_S", Recipe::q4_k_s},
        PlanCase{"llama-wide-Q4_K_M", Recipe::q4_k_m},
        PlanCase{"llama-wide-Q5_K_M", Recipe::q5_k_m}, PlanCase{"olmoe-wide-Q8_0", Recipe::q8_0},
        PlanCase{"llama-wide-Q4_1", Recipe::q4_1}, PlanCase{"llama-wide-Q5_0", Recipe::q5_0},
        PlanCase{"llama-wide-Q5_1", Recipe::q5_1}, PlanCase{"llama-wide-Q2_K", Recipe::q2_k},
        PlanCase{"llama-wide-Q3_K_M", Recipe::q3_k_m},
        PlanCase{"llama-wide-IQ4_NL", Recipe::iq4_nl},
        PlanCase{"llama-wide-IQ4_XS", Recipe::iq4_xs},
        PlanCase{"olmoe-wide-Q4_K_M", Recipe::q4_k_m}, PlanCase{"olmoe-wide-Q4_0", Recipe::q4_0},
        PlanCase{"deepseek2-lite", Recipe::f32}, PlanCase{"deepseek2-lite-absorbed", Recipe::f32},
        PlanCase{"deepseek2-v3", Recipe::f32}, PlanCase{"ernie4_5", Recipe::f32},
        PlanCase{"ernie4_5-moe", Recipe::f32}, PlanCase{"mistral3", Recipe::f32},
        PlanCase{"olmo2", Recipe::f32}, PlanCase{"olmo3", Recipe::f32},
        PlanCase{"phi3-long", Recipe::f32}, PlanCase{"phi3-short", Recipe::f32},
        PlanCase{"lfm2", Recipe::f32}, PlanCase{"lfm2moe", Recipe::f32},
        PlanCase{"granitehybrid", Recipe::f32}, PlanCase{"granitehybrid-moe", Recipe::f32},
        PlanCase{"qwen35", Recipe::f32}, PlanCase{"qwen35moe", Recipe::f32},
        PlanCase{"qwen2moe", Recipe::f32}, PlanCase{"phi3", Recipe::f32},
        PlanCase{"phi3-partial-rope", Recipe::f32}, PlanCase{"phimoe", Recipe::f32},
        PlanCase{"gemma2", Recipe::f32}, PlanCase{"gemma3", Recipe::f32},
        PlanCase{"granite", Recipe::f32}, PlanCase{"granitemoe", Recipe::f32},
        PlanCase{"gpt-oss", Recipe::f32}, PlanCase{"smollm3", Recipe::f32}));

}  // namespace
}  // namespace assay
