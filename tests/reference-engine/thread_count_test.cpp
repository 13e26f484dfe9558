// Every sum of the engine is in one fixed order, whatever the number of threads: the logits are the
// same to the last bit.
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

/// All tokens but the last two in one pass, and those one at a time.
std::vector<float> logits_of(const Model& model, ThreadPool& pool) {
  auto session = Session::open(model, {64, CacheFormat::f16, 512, pool.size()}, pool);
  if (!session) return {};
  const std::vector<TokenId> tokens = GoldenModels::tokens();
  std::vector<float> all;
  const auto take = [&](std::span<const TokenId> part) {
    const auto logits = session->evaluate(part);
    ASSERT_TRUE(logits) << logits.error().text();
    all.insert(all.end(), logits->begin(), logits->end());
  };
  const std::size_t prompt = tokens.size() - 2;
  take(std::span(tokens).first(prompt));
  take(std::span(tokens).subspan(prompt, 1));
  take(std::span(tokens).subspan(prompt + 1, 1));
  return all;
}

std::vector<float> logits_of(const GgufFile& file, const KernelTable& kernels, unsigned threads) {
  ThreadPool pool(threads);
  const auto model = load_model(file, kernels, pool);
  return model ? logits_of(*model, pool) : std::vector<float>();
}

class ThreadCountTest : public testing::TestWithParam<std::string> {};

TEST_P(ThreadCountTest, DoesNotChangeABit) {
  const GoldenModels goldens;
  const auto file = GgufFile::open(goldens.file(GetParam()));
  ASSERT_TRUE(file) << file.error().text();
  const LiveCpuFeatures features = live_cpu_features();
  for (const std::string& isa : available_isas(features)) {
    const KernelTable& kernels = **select_kernels(features, isa);
    const std::vector<float> one = logits_of(*file, kernels, 1);
    ASSERT_FALSE(one.empty());
    for (const unsigned threads : {2U, 3U, 7U}) {
      EXPECT_EQ(logits_of(*file, kernels, threads), one) << isa << ", " << threads << " threads";
    }
  }
}

/// Of 1,120 columns each of six threads takes 186 and a few: no whole vectors.
TEST(ThreadCount, DoesNotChangeABitOfAWideMixture) {
  ModelSpec spec;
  spec.name = "wide mixture";
  spec.d_model = 1120;
  spec.vocabulary = 2048;
  spec.trained_context = 1024;
  spec.rope().dims = 64;
  spec.layers = uniform_layers(2, mixture_layer({.heads = 4, .kv_heads = 2, .head_dim = 64}));
  spec.moe = {.experts = 8, .used = 4, .d_expert = 64, .normalise_weights = true};
  for (const std::string& isa : available_isas(live_cpu_features())) {
    std::vector<float> one;
    for (const unsigned threads : {1U, 3U, 5U}) {
      ThreadPool pool(threads);
      const auto model =
          synthesise_model(spec, Recipe::q8_0, 5, **select_kernels(live_cpu_features(), isa), pool);
      ASSERT_TRUE(model) << model.error().text();
      const std::vector<float> logits = logits_of(*model, pool);
      ASSERT_FALSE(logits.empty());
      if (one.empty()) one = logits;
      EXPECT_EQ(logits, one) << isa << ", " << threads << " threads";
    }
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(EveryGolden, ThreadCountTest, testing::ValuesIn(GoldenModels::names()),
                         test_name);

}  // namespace
}  // namespace assay
