#include "reference-engine/session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <stop_token>
#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/sampler.hpp"
#include "reference-engine/tokenizer.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

ModelSpec small_spec() {
  ModelSpec spec;
  spec.name = "small";
  spec.architecture = "llama";
  spec.d_model = 256;
  spec.layers =
      uniform_layers(3, {.attention = {.heads = 8, .kv_heads = 2, .head_dim = 32}, .d_ff = 512});
  spec.vocabulary = 1000;
  spec.trained_context = 4096;
  spec.tied_embeddings = true;
  spec.rope().dims = 32;
  return spec;
}

ModelSpec small_moe_spec() {
  ModelSpec spec = small_spec();
  spec.architecture = "qwen3moe";
  spec.qk_norm = QkNorm::per_head;
  spec.layers = uniform_layers(3, mixture_layer(spec.layers.front().attention));
  spec.moe = {.experts = 16, .used = 4, .d_expert = 256, .normalise_weights = true};
  return spec;
}

class SessionTest : public testing::Test {
 protected:
  Model load(const std::string& name) {
    const auto file = GgufFile::open(goldens_.file(name));
    return std::move(*load_model(*file, kernels_, pool_));
  }
  Session open(const Model& model, std::uint32_t context = 64, std::uint32_t chunk = 512) {
    return std::move(*Session::open(model, {context, CacheFormat::f32, chunk, 2}, pool_));
  }

  GoldenModels goldens_;
  const KernelTable& kernels_ = **select_kernels(live_cpu_features());
  ThreadPool pool_{2};
};

std::vector<float> copy(const Result<std::span<const float>>& logits) {
  return {logits->begin(), logits->end()};
}

TEST_F(SessionTest, WritesThePublishedStory) {
  // The greedy sample of doc/stories260K.md in karpathy/llama2.c.
  const std::string published =
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
      "park. "
      "One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n"
      "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. "
      "She said, \"I want to play with your ball, but I can't find it.\"\n"
      "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to "
      "do.\"\n"
      "Lily didn't want to help her mom, so she said, \"I'm sorry, mom. I didn't know what to "
      "do.\" "
      "Her mom said, \"Don't worry, Lily. We can help you.";
  const auto file = GgufFile::open(goldens_.file("stories260K"));
  const auto tokenizer = Tokenizer::from(*file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  const Model model = load("stories260K");
  for (const CacheFormat cache : {CacheFormat::f32, CacheFormat::f16}) {
    Session session = std::move(*Session::open(model, {256, cache, 512, 2}, pool_));
    Sampler greedy({});
    TokenId token = tokenizer->start_token().value();
    std::string text;
    while (session.depth() < 256) {
      const auto logits = session.evaluate(std::array{token});
      ASSERT_TRUE(logits) << logits.error().text();
      const TokenId next = greedy.next(*logits);
      text += tokenizer->decode(next, token);
      token = next;
    }
    EXPECT_EQ(text.substr(0, published.size()), published);
  }
}

TEST_F(SessionTest, GivesTheSameLogitsAfterRewinding) {
  const Model model = load("qwen3");
  Session session = open(model);
  const std::vector<TokenId> tokens = GoldenModels::tokens();
  ASSERT_TRUE(session.evaluate(std::span(tokens).first(10)));
  const std::vector<float> first = copy(session.evaluate(std::span(tokens).subspan(10, 5)));
  EXPECT_EQ(session.depth(), 15U);
  ASSERT_TRUE(session.rewind(10));
  EXPECT_EQ(session.depth(), 10U);
  EXPECT_EQ(copy(session.evaluate(std::span(tokens).subspan(10, 5))), first);
}

TEST_F(SessionTest, RefusesTokensBeyondTheVocabularyOrTheContext) {
  const Model model = load("qwen3");
  Session session = open(model, 8);
  const std::vector<TokenId> nine(9, 1);
  const auto full = session.evaluate(nine);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::usage);
  const auto beyond = session.evaluate(std::array{TokenId{512}});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::usage);
  const auto none = session.evaluate({});
  ASSERT_FALSE(none);
  EXPECT_EQ(session.depth(), 0U);
  EXPECT_FALSE(session.fill_to(9, 1));
}

TEST_F(SessionTest, RefusesAModelThatTheSystemHasNoMemoryFor) {
  ModelSpec huge = small_spec();  // 2^20 * 2^20 * 256 bytes are more than any address space
  huge.d_model = 1U << 20U;
  huge.vocabulary = 1U << 20U;
  huge.layers = uniform_layers(64, huge.layers.front());
  const auto refused = synthesise_model(huge, Recipe::f32, 1, kernels_, pool_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::does_not_fit) << refused.error().text();
}

TEST_F(SessionTest, StopsMakingWeightsWhenAsked) {
  std::stop_source stop;
  const auto made =
      synthesise_model(small_spec(), Recipe::q4_0, 1, kernels_, pool_, stop.get_token());
  EXPECT_TRUE(made);
  stop.request_stop();
  const auto stopped =
      synthesise_model(small_spec(), Recipe::q4_0, 1, kernels_, pool_, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::interrupted);
}

TEST_F(SessionTest, StopsLoadingAndReadingWhenAsked) {
  std::stop_source source;
  source.request_stop();
  const auto file = GgufFile::open(goldens_.file("llama-gqa"));
  const auto loaded = load_model(*file, kernels_, pool_, source.get_token());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::interrupted);
  const Model model = load("llama-gqa");
  Session session = open(model);
  const auto logits = session.evaluate(GoldenModels::tokens(), source.get_token());
  ASSERT_FALSE(logits);
  EXPECT_EQ(logits.error().code, ErrorCode::interrupted);
  EXPECT_EQ(session.depth(), 0U);
}

/// Behind 2,600 positions a step takes three spans of them, a layer with a window of 1,500 two.
TEST_F(SessionTest, SharesALongCacheAmongThreadsWithoutChangingABit) {
  ModelSpec spec = small_spec();
  spec.layers[1].attention.window = 1500;
  for (const CacheFormat format : {CacheFormat::f32, CacheFormat::q8_0}) {
    std::vector<float> one;
    for (const unsigned threads : {1U, 2U, 3U}) {
      ThreadPool pool(threads);
      const auto model = synthesise_model(spec, Recipe::f32, 7, kernels_, pool);
      auto session = Session::open(*model, {2700, format, 16, threads}, pool);
      ASSERT_TRUE(session->fill_to(2600, 3));
      const auto check = check_session(*model, *session, 5);
      ASSERT_TRUE(check);
      EXPECT_TRUE(check->passed()) << check->reason();
      const std::vector<float> logits = copy(session->evaluate(std::array{TokenId{5}}));
      if (one.empty()) one = logits;
      EXPECT_EQ(logits, one) << threads << " threads";
    }
  }
}

TEST_F(SessionTest, FillsTheCacheAlikeForTheSameSeed) {
  const auto model = synthesise_model(small_spec(), Recipe::q4_0, 1, kernels_, pool_);
  ASSERT_TRUE(model) << model.error().text();
  Session once = open(*model, 256);
  Session twice = open(*model, 256);
  ASSERT_TRUE(once.fill_to(200, 7));
  ASSERT_TRUE(twice.fill_to(90, 7));
  ASSERT_TRUE(twice.fill_to(200, 7));
  EXPECT_EQ(once.depth(), 200U);
  const std::vector<float> logits = copy(once.evaluate(std::array{TokenId{5}}));
  EXPECT_EQ(copy(twice.evaluate(std::array{TokenId{5}})), logits);
  Session other = open(*model, 256);
  ASSERT_TRUE(other.fill_to(200, 8));
  EXPECT_NE(copy(other.evaluate(std::array{TokenId{5}})), logits);
}

TEST_F(SessionTest, SynthesisesTheSameModelOnAnyNumberOfThreads) {
  ThreadPool alone(1);
  ThreadPool three(3);
  const auto reference = synthesise_model(small_moe_spec(), Recipe::q4_k_m, 3, kernels_, alone);
  const auto same = synthesise_model(small_moe_spec(), Recipe::q4_k_m, 3, kernels_, three);
  const auto other = synthesise_model(small_moe_spec(), Recipe::q4_k_m, 4, kernels_, three);
  ASSERT_TRUE(reference && same && other);
  const std::array tokens{TokenId{1}, TokenId{999}, TokenId{17}};
  Session first = open(*reference);
  Session second = open(*same);
  Session third = open(*other);
  const std::vector<float> logits = copy(first.evaluate(tokens));
  EXPECT_EQ(copy(second.evaluate(tokens)), logits);
  EXPECT_NE(copy(third.evaluate(tokens)), logits);
}

TEST_F(SessionTest, RunsTheFormatsThatStandInWhereLargeBlocksDoNotDivideTheRows) {
  ModelSpec spec = small_spec();
  spec.d_model = 96;
  for (LayerSpec& layer : spec.layers) layer.d_ff = 160;
  for (const Recipe recipe : all_recipes()) {
    const auto model = synthesise_model(spec, recipe, 1, kernels_, pool_);
    ASSERT_TRUE(model) << model.error().text();
    Session session = open(*model);
    ASSERT_TRUE(session.evaluate(std::array{TokenId{3}, TokenId{900}, TokenId{7}}));
    const auto nmse = reference_nmse(*model, session, 5);
    ASSERT_TRUE(nmse) << nmse.error().text();
    EXPECT_LE(*nmse, reference_bound(*model, CacheFormat::f32)) << recipe_name(recipe);
  }
}

TEST_F(SessionTest, SynthesisesModelsWhoseLogitsAreFiniteAndVary) {
  for (const ModelSpec& spec : {small_spec(), small_moe_spec()}) {
    for (const Recipe recipe : all_recipes()) {
      const auto model = synthesise_model(spec, recipe, 1, kernels_, pool_);
      ASSERT_TRUE(model) << model.error().text();
      Session session = open(*model);
      const auto logits = session.evaluate(std::array{TokenId{3}, TokenId{900}});
      double sum = 0.0;
      double squares = 0.0;
      for (const float logit : *logits) {
        ASSERT_TRUE(std::isfinite(logit)) << recipe_name(recipe);
        sum += static_cast<double>(logit);
        squares += static_cast<double>(logit) * static_cast<double>(logit);
      }
      const double mean = sum / 1000.0;
      const double deviation = std::sqrt(squares / 1000.0 - mean * mean);
      // 256 normalised values times weights of deviation 0.02 give 0.32.
      EXPECT_GT(deviation, 0.2) << recipe_name(recipe);
      EXPECT_LT(deviation, 0.5) << recipe_name(recipe);
      EXPECT_LT(std::abs(mean), 0.1) << recipe_name(recipe);
    }
  }
}

}  // namespace
}  // namespace assay
