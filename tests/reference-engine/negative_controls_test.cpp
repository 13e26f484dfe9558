// The gate accepts an engine that is right and rejects one that saves work, in shallow and in deep
// models: what it compares is one step at a time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/fraud.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t k_depth = 200;
constexpr TokenId k_token = 17;

struct Shape {
  const char* name;
  std::uint32_t layers;
  bool mixture;
  Recipe recipe;
};

ModelSpec spec_of(const Shape& shape) {
  const AttentionSpec attention{.heads = 4, .kv_heads = 2, .head_dim = 64};
  ModelSpec spec;
  spec.name = shape.name;
  spec.d_model = 256;
  spec.vocabulary = 500;
  spec.trained_context = 1024;
  spec.rope().dims = 64;
  spec.layers = shape.mixture ? uniform_layers(shape.layers, mixture_layer(attention))
                              : uniform_layers(shape.layers, {.attention = attention, .d_ff = 512});
  if (shape.mixture) {
    spec.moe = {.experts = 16, .used = 8, .d_expert = 256, .normalise_weights = true};
  }
  return spec;
}

class NegativeControls : public testing::TestWithParam<Shape> {
 protected:
  Model make(const ModelSpec& spec) {
    return std::move(*synthesise_model(spec, GetParam().recipe, 5, kernels_, pool_));
  }

  /// A session of `runs` before the gate, which knows `expected`.
  SessionCheck check(const Model& runs, const Model& expected) {
    auto session = Session::open(runs, {k_depth + 1, CacheFormat::f16, 64, 2}, pool_);
    EXPECT_TRUE(session->fill_to(k_depth, 3));
    const auto found = check_session(expected, *session, k_token);
    EXPECT_TRUE(found) << found.error().text();
    EXPECT_EQ(session->depth(), k_depth);
    return *found;
  }

  /// Far enough above the bound that no luck of numbers decides.
  void expect_rejected(const Model& runs, const Model& expected, const std::string& step) {
    const SessionCheck found = check(runs, expected);
    EXPECT_FALSE(found.passed()) << step;
    EXPECT_THAT(found.reason(), HasSubstr(step));
    ASSERT_NE(found.worst_step(), nullptr);
    EXPECT_GT(found.worst_step()->nmse, 3.0 * found.worst_step()->bound) << found.reason();
  }

  KernelTable kernels_ = **select_kernels(live_cpu_features());
  ThreadPool pool_{2};
  ModelSpec spec_ = spec_of(GetParam());
  std::uint32_t middle_ = GetParam().layers / 2;
};

TEST_P(NegativeControls, AnHonestEngineIsAccepted) {
  const Model honest = make(spec_);
  const SessionCheck found = check(honest, honest);
  EXPECT_TRUE(found.passed()) << found.reason();
  EXPECT_EQ(found.steps.size(), 2 + 4 * spec_.layers.size());
  const Model again = make(spec_);  // another object with the same weights
  EXPECT_TRUE(check(again, honest).passed());
}

TEST_P(NegativeControls, AnEngineThatDropsALayerIsRejected) {
  const Model honest = make(spec_);
  const Model fraud = make(spec_);
  drop_layer(fraud, middle_);
  expect_rejected(fraud, honest, "layer " + std::to_string(middle_) + " ");
  ModelSpec shorter = spec_;
  shorter.layers.pop_back();
  EXPECT_THAT(check(make(shorter), honest).reason(), HasSubstr("layers (expected"));
}

TEST_P(NegativeControls, AnEngineThatDropsAnExpertIsRejected) {
  if (!GetParam().mixture) return;  // has none
  const Model honest = make(spec_);
  auto session = Session::open(honest, {k_depth + 1, CacheFormat::f16, 64, 2}, pool_);
  ASSERT_TRUE(session->fill_to(k_depth, 3));
  const Model fraud = make(spec_);
  drop_expert(fraud, middle_, least_expert(*session, middle_, k_token));
  expect_rejected(fraud, honest, "layer " + std::to_string(middle_) + " experts");
  ModelSpec fewer = spec_;
  --fewer.moe.used;
  EXPECT_THAT(check(make(fewer), honest).reason(), HasSubstr("experts"));
}

TEST_P(NegativeControls, AnEngineWithACoarserMatrixIsRejected) {
  const Model honest = make(spec_);
  const bool eight_bits = GetParam().recipe == Recipe::q8_0;
  const std::vector<WeightFormat> coarser =
      eight_bits
          ? std::vector{WeightFormat::q6_k, WeightFormat::q4_0}
          : std::vector{GetParam().recipe == Recipe::f16 ? WeightFormat::q8_0 : WeightFormat::q3_k};
  for (const auto& [matrix, step] : std::vector<std::pair<LayerMatrix, std::string>>{
           {LayerMatrix::q, "attention"},
           {LayerMatrix::k, "keys"},
           {LayerMatrix::v, "values"},
           {LayerMatrix::attention_output, "attention"},
           {LayerMatrix::gate, GetParam().mixture ? "experts" : "feed-forward"},
           {LayerMatrix::up, GetParam().mixture ? "experts" : "feed-forward"},
           {LayerMatrix::down, GetParam().mixture ? "experts" : "feed-forward"}}) {
    for (const WeightFormat format : coarser) {
      const Model fraud = make(spec_);
      coarsen(fraud, middle_, matrix, format);
      SCOPED_TRACE(std::string(format_name(format)) + " for " + step);
      expect_rejected(fraud, honest, "layer " + std::to_string(middle_) + " " + step);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, NegativeControls,
                         testing::Values(Shape{"shallow", 2, false, Recipe::q8_0},
                                         Shape{"deep", 32, false, Recipe::q8_0},
                                         Shape{"deep_f16", 24, false, Recipe::f16},
                                         Shape{"deep_q5_0", 24, false, Recipe::q5_0},
                                         Shape{"shallow_mixture", 2, true, Recipe::q8_0},
                                         Shape{"deep_mixture", 24, true, Recipe::q8_0}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace assay
