#include "reference-engine/tensor_plan.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "reference-engine/gguf_file.hpp"

namespace assay {
namespace {

std::filesystem::path golden(const std::string& file) {
  return std::filesystem::path(ASSAY_TEST_ROOT) / "golden" / file;
}

struct PlanCase {
  const char* file;
  Recipe recipe;
};

class PlanOfGolden : public testing::TestWithParam<PlanCase> {};

TEST_P(PlanOfGolden, FromSpecAndRecipeEqualsTheFilesOwn) {
  const auto file = GgufFile::open(golden(GetParam().file));
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

INSTANTIATE_TEST_SUITE_P(Files, PlanOfGolden,
                         testing::Values(PlanCase{"stories260K.gguf", Recipe::f32},
                                         PlanCase{"llama-wide-Q8_0.gguf", Recipe::q8_0},
                                         PlanCase{"llama-wide-Q4_0.gguf", Recipe::q4_0},
                                         PlanCase{"llama-wide-Q6_K.gguf", Recipe::q6_k},
                                         PlanCase{"llama-wide-Q4_K_S.gguf", Recipe::q4_k_s},
                                         PlanCase{"llama-wide-Q4_K_M.gguf", Recipe::q4_k_m},
                                         PlanCase{"llama-wide-Q5_K_M.gguf", Recipe::q5_k_m},
                                         PlanCase{"olmoe-wide-Q8_0.gguf", Recipe::q8_0},
                                         PlanCase{"olmoe-wide-Q4_0.gguf", Recipe::q4_0}));

}  // namespace
}  // namespace assay
