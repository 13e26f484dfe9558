// Sessions of models whose layers carry a state from token to token.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "reference-engine/footprint.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

std::vector<float> copy(const Result<std::span<const float>>& logits) {
  return {logits->begin(), logits->end()};
}

class RecurrentSession : public testing::TestWithParam<std::string> {
 protected:
  RecurrentSession()
      : model_(std::move(*load_model(*GgufFile::open(goldens_.file(GetParam())), kernels_, pool_))),
        session_(std::move(*Session::open(model_, {64, CacheFormat::f32, 16, 2}, pool_))) {}

  GoldenModels goldens_;
  const KernelTable& kernels_ = **select_kernels(live_cpu_features());
  ThreadPool pool_{2};
  Model model_;
  Session session_;
  std::vector<TokenId> tokens_ = GoldenModels::tokens();
};

INSTANTIATE_TEST_SUITE_P(Kinds, RecurrentSession,
                         testing::Values("lfm2", "granitehybrid", "qwen35"));

TEST_P(RecurrentSession, GoesBackToTheStartAndToTheMark) {
  const std::span<const TokenId> all(tokens_);
  ASSERT_TRUE(session_.evaluate(all.first(10)));
  session_.mark();
  const std::vector<float> first = copy(session_.evaluate(all.subspan(10, 5)));
  ASSERT_TRUE(session_.rewind(10));
  EXPECT_EQ(session_.depth(), 10U);
  EXPECT_EQ(copy(session_.evaluate(all.subspan(10, 5))), first);
  ASSERT_TRUE(session_.rewind(0));
  ASSERT_TRUE(
      session_.evaluate(all.first(10)));  // cut alike: kernels for more columns may round apart
  EXPECT_EQ(copy(session_.evaluate(all.subspan(10, 5))), first);
}

TEST_P(RecurrentSession, RefusesToForgetSomeTokens) {
  ASSERT_TRUE(session_.evaluate(std::span<const TokenId>(tokens_).first(10)));
  EXPECT_EQ(session_.rewind(4).error().code, ErrorCode::usage);
  EXPECT_EQ(session_.depth(), 10U);
  EXPECT_TRUE(session_.rewind(10));
}

TEST_P(RecurrentSession, FillsItsStatesAlikeForTheSameSeed) {
  Session other = std::move(*Session::open(model_, {64, CacheFormat::f32, 16, 2}, pool_));
  ASSERT_TRUE(session_.fill_to(20, 7));
  ASSERT_TRUE(session_.fill_to(50, 7));
  ASSERT_TRUE(other.fill_to(50, 7));
  const std::array token{TokenId{5}};
  const std::vector<float> logits = copy(session_.evaluate(token));
  EXPECT_EQ(copy(other.evaluate(token)), logits);
  ASSERT_TRUE(other.rewind(50));
  EXPECT_EQ(copy(other.evaluate(token)), logits);
  ASSERT_TRUE(other.rewind(0));
  ASSERT_TRUE(other.fill_to(50, 8));
  EXPECT_NE(copy(other.evaluate(token)), logits);
}

TEST_P(RecurrentSession, AgreesWithTheFloat64PassFromAFilledState) {
  ASSERT_TRUE(session_.fill_to(20, 7));
  const auto nmse = reference_nmse(model_, session_, 42);
  ASSERT_TRUE(nmse) << nmse.error().text();
  EXPECT_LE(*nmse, reference_bound(model_, CacheFormat::f32));
  EXPECT_EQ(session_.depth(), 20U);
}

TEST_P(RecurrentSession, KeepsAsMuchAsItsFootprintSays) {
  const SessionShape shape{64, CacheFormat::f32, 16, 2};
  const Footprint small = footprint(model_.spec(), model_.plan(), shape);
  SessionShape larger = shape;
  larger.context = 128;
  const Footprint large = footprint(model_.spec(), model_.plan(), larger);
  EXPECT_GT(small.state.value, 0U);
  EXPECT_EQ(small.state, large.state);  // whatever the context
  EXPECT_LE(2 * small.state_per_token.value, small.state.value);
  EXPECT_LT(small.state.value, 2 * small.state_per_token.value + 2 * 64);
  // One layer of four has keys and values: 2 K/V heads.
  const std::uint64_t dim = model_.spec().architecture == "qwen35" ? 32 : 16;
  EXPECT_EQ(small.cache_per_position, Bytes(2 * 2 * dim * sizeof(float)));
}

TEST(RecurrentStateSize, IsThatOfThePublishedDefinition) {
  // lfm2: 3 layers of 2 inputs x 64 channels. granitehybrid: 3 layers of 3 x (128 + 2 * 2 * 16)
  // inputs and 8 heads x 16 x 16. qwen35: 3 layers of 3 x (64 + 2 * 2 * 16) and 4 heads x 16 x 16.
  const GoldenModels goldens;
  const auto bytes_of = [&](const char* name) {
    const auto file = GgufFile::open(goldens.file(name));
    const auto spec = model_spec(*file);
    const auto plan = tensor_plan(*file, *spec);
    return footprint(*spec, *plan, {}).state_per_token.value;
  };
  EXPECT_EQ(bytes_of("lfm2"), sizeof(float) * 3 * 2 * 64);
  EXPECT_EQ(bytes_of("granitehybrid"), sizeof(float) * 3 * (3 * 192 + 8 * 16 * 16));
  EXPECT_EQ(bytes_of("qwen35"), sizeof(float) * 3 * (3 * 128 + 4 * 16 * 16));
}

/// A quantised model of one layer of each kind: widths of 256, as K-quants need them.
ModelSpec mixed_spec(Mixer mixer) {
  ModelSpec spec;
  spec.name = "mixed";
  spec.architecture = "any";
  spec.d_model = 256;
  spec.vocabulary = 1000;
  spec.trained_context = 4096;
  spec.tied_embeddings = true;
  spec.rope().dims = 32;
  spec.recurrence = {.taps = 4, .heads = 8, .head_dim = 64, .state = 64, .groups = 2};
  const LayerSpec attention{.attention = {.heads = 8, .kv_heads = 2, .head_dim = 32}, .d_ff = 512};
  LayerSpec recurrent = attention;
  recurrent.mixer = mixer;
  recurrent.attention = {};
  spec.layers = {recurrent, attention, recurrent};
  return spec;
}

TEST(RecurrentModel, AgreesWithTheFloat64PassInEveryRecipe) {
  const KernelTable& kernels = **select_kernels(live_cpu_features());
  ThreadPool pool(2);
  for (const Mixer mixer : {Mixer::short_convolution, Mixer::state_space, Mixer::gated_delta_net}) {
    ModelSpec spec = mixed_spec(mixer);
    spec.layers[1].attention.output_gate = mixer == Mixer::gated_delta_net;
    for (const Recipe recipe : {Recipe::f32, Recipe::q8_0, Recipe::q4_0, Recipe::q4_k_m}) {
      const auto model = synthesise_model(spec, recipe, 1, kernels, pool);
      ASSERT_TRUE(model) << model.error().text();
      auto session = Session::open(*model, {64, CacheFormat::f32, 16, 2}, pool);
      ASSERT_TRUE(session->fill_to(20, 7));
      for (const TokenId token : {5U, 50U, 500U}) {
        const auto nmse = reference_nmse(*model, *session, token);
        ASSERT_TRUE(nmse) << nmse.error().text();
        EXPECT_LE(*nmse, reference_bound(*model, CacheFormat::f32))
            << static_cast<int>(mixer) << " " << recipe_name(recipe);
      }
    }
  }
}

}  // namespace
}  // namespace assay
