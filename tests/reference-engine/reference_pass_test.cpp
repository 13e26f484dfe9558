// The check of sessions against float64, and that it can fail.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

class ReferencePass : public testing::Test {
 protected:
  /// NMSE of the session for the token after the golden text, with these kernels.
  double nmse_of(const std::string& name, const KernelTable& kernels,
                 CacheFormat cache = CacheFormat::f32) {
    const auto file = GgufFile::open(goldens_.file(name));
    const auto model = load_model(*file, kernels, pool_);
    auto session = Session::open(*model, {64, cache, 512, 2}, pool_);
    EXPECT_TRUE(session->evaluate(GoldenModels::tokens()));
    const std::uint32_t depth = session->depth();
    const auto nmse = reference_nmse(*model, *session, 42);
    EXPECT_TRUE(nmse) << nmse.error().text();
    EXPECT_EQ(session->depth(), depth);
    bound_ = reference_bound(*model, cache);
    return *nmse;
  }

  GoldenModels goldens_;
  KernelTable kernels_ = **select_kernels(live_cpu_features());
  ThreadPool pool_{2};
  double bound_ = 0.0;
};

TEST_F(ReferencePass, AgreesWithSessionsOfEveryGoldenModel) {
  for (const std::string& name : GoldenModels::names()) {
    for (const CacheFormat cache : all_cache_formats()) {
      const double nmse = nmse_of(name, kernels_, cache);
      EXPECT_LE(nmse, bound_) << name << " " << cache_format_name(cache);
    }
  }
}

TEST_F(ReferencePass, AgreesWithEachStepOfEveryGoldenModel) {
  for (const std::string& name : GoldenModels::names()) {
    const auto file = GgufFile::open(goldens_.file(name));
    const auto model = load_model(*file, kernels_, pool_);
    for (const CacheFormat cache : all_cache_formats()) {
      auto session = Session::open(*model, {64, cache, 512, 2}, pool_);
      ASSERT_TRUE(session->evaluate(GoldenModels::tokens()));
      const auto check = check_session(*model, *session, 42);
      ASSERT_TRUE(check) << check.error().text();
      EXPECT_TRUE(check->passed())
          << name << " " << cache_format_name(cache) << ": " << check->reason();
      EXPECT_GE(check->steps.size(), 2 * model->spec().layers.size() + 2) << name;
    }
  }
}

/// Kernels with one fault each, over those of this machine (set by the tests that use them).
const KernelTable* sound = nullptr;

void forget_up(float* gate, const float* /*up*/, std::size_t n) {
  const std::vector<float> ones(n, 1.0F);
  sound->silu_multiply(gate, ones.data(), n);
}

void lose_first_block(const float* x, std::size_t k, std::int8_t* codes, float* scales,
                      std::int16_t* sums) {
  sound->quantise_q8(x, k, codes, scales, sums);
  std::fill_n(codes, 32, std::int8_t{0});
  std::fill_n(sums, 2, std::int16_t{0});
}

float forget_maximum(float* x, float /*maximum*/, std::size_t n) {
  float total = 0.0F;
  for (std::size_t i = 0; i < n; ++i) total += x[i] = std::exp(0.5F * x[i]);
  return total;
}

TEST_F(ReferencePass, NoticesAFaultInOneKernel) {
  sound = *select_kernels(live_cpu_features());
  KernelTable faulty = kernels_;
  faulty.silu_multiply = forget_up;
  for (const char* name : {"llama-gqa", "llama-wide-Q4_0", "mixtral"}) {
    EXPECT_GT(nmse_of(name, faulty), 3 * bound_) << name;
  }
  faulty = kernels_;
  faulty.quantise_q8 = lose_first_block;
  EXPECT_GT(nmse_of("llama-wide-Q4_0", faulty), 3 * bound_);
  EXPECT_GT(nmse_of("olmoe-wide-Q8_0", faulty), 3 * bound_);
  faulty = kernels_;
  faulty.exp_sum = forget_maximum;
  EXPECT_GT(nmse_of("qwen2", faulty), 3 * bound_);
}

TEST_F(ReferencePass, RefusesASessionOfAnotherModel) {
  const auto file = GgufFile::open(goldens_.file("llama-gqa"));
  const auto model = load_model(*file, kernels_, pool_);
  const auto other = load_model(*file, kernels_, pool_);
  auto session = Session::open(*model, {}, pool_);
  EXPECT_FALSE(reference_nmse(*other, *session, 1));
}

TEST_F(ReferencePass, ListsTheProductsOfAModel) {
  const auto file = GgufFile::open(goldens_.file("llama-wide-Q4_0"));
  const auto model = load_model(*file, kernels_, pool_);
  const std::vector<MatmulShape> shapes = matmul_shapes(*model, 128);
  const ModelSpec& spec = model->spec();
  const MatmulShape down{WeightFormat::q4_0, spec.d_model, spec.layers.front().d_ff, 128};
  EXPECT_NE(std::find(shapes.begin(), shapes.end(), down), shapes.end());
  // The head is multiplied with the last token only.
  EXPECT_EQ(std::count_if(shapes.begin(), shapes.end(),
                          [](const MatmulShape& shape) { return shape.columns == 1; }),
            1);
}

}  // namespace
}  // namespace assay
