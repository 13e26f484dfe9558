// Windows and ropes far into a context, against exact logits at positions up to 8,000.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/nmse.hpp"

namespace assay {
namespace {

/// Float32 weights and cache, as in golden_test.cpp. An angle is computed in float64 and its cosine
/// rounded once, so that its error does not grow with the position; sums over 8,000 positions
/// instead of 60 add (n / 4) * 2^-48 of energy, 7e-12.
constexpr double k_bound = 1e-9;
constexpr std::uint32_t k_context = 8192;

class LongPositions : public testing::TestWithParam<std::string> {
 protected:
  /// Shape: [positions, vocabulary].
  static std::vector<float> logits_at_positions(const Model& model, std::uint32_t chunk,
                                                ThreadPool& pool) {
    const std::vector<TokenId> tokens = GoldenModels::long_tokens();
    auto session = Session::open(model, {k_context, CacheFormat::f32, chunk, pool.size()}, pool);
    if (!session) {
      ADD_FAILURE() << session.error().text();
      return {};
    }
    std::vector<float> all;
    for (const std::uint32_t position : GoldenModels::long_positions()) {
      const auto next =
          std::span(tokens).subspan(session->depth(), position + 1 - session->depth());
      const auto logits = session->evaluate(next);
      if (!logits) {
        ADD_FAILURE() << logits.error().text();
        return {};
      }
      all.insert(all.end(), logits->begin(), logits->end());
    }
    return all;
  }

  GoldenModels models_;
};

TEST_P(LongPositions, GiveTheExactLogits) {
  const auto file = GgufFile::open(models_.file(GetParam()));
  ASSERT_TRUE(file) << file.error().text();
  const std::vector<float> expected = GoldenModels::long_logits(GetParam());
  for (const std::string& isa : available_isas(live_cpu_features())) {
    ThreadPool pool(2);
    const auto model = load_model(*file, **select_kernels(live_cpu_features(), isa), pool);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_LE(nmse(logits_at_positions(*model, 512, pool), expected), k_bound) << isa;
  }
}

TEST_P(LongPositions, AreTheSameTokenByToken) {
  const auto file = GgufFile::open(models_.file(GetParam()));
  ASSERT_TRUE(file) << file.error().text();
  ThreadPool pool(1);
  const auto model = load_model(*file, **select_kernels(live_cpu_features()), pool);
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_LE(nmse(logits_at_positions(*model, 1, pool), GoldenModels::long_logits(GetParam())),
            k_bound);
}

INSTANTIATE_TEST_SUITE_P(All, LongPositions, testing::ValuesIn(GoldenModels::long_names()),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace assay
