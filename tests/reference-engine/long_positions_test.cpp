// Windows and ropes far into a context, against exact logits at positions up to 8,000.

#include <gtest/gtest.h>

#include <algorithm>
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

constexpr std::uint32_t k_chunk = 512;
constexpr std::uint32_t k_single = 3;  // tokens before each position that come one by one

/// The logits at the positions that are kept, up to `last`. Shape: [positions, vocabulary].
std::vector<float> logits_at_positions(const Model& model, std::uint32_t last, ThreadPool& pool) {
  const std::vector<TokenId> tokens = GoldenModels::long_tokens();
  auto session = Session::open(model, {k_context, CacheFormat::f32, k_chunk, pool.size()}, pool);
  if (!session) {
    ADD_FAILURE() << session.error().text();
    return {};
  }
  std::vector<float> all;
  for (const std::uint32_t position : GoldenModels::long_positions()) {
    if (position > last) break;
    while (session->depth() <= position) {
      const std::uint32_t left = position + 1 - session->depth();
      const auto next =
          std::span(tokens).subspan(session->depth(), left > k_single ? left - k_single : 1);
      const auto logits = session->evaluate(next);
      if (!logits) {
        ADD_FAILURE() << logits.error().text();
        return {};
      }
      if (session->depth() == position + 1) all.insert(all.end(), logits->begin(), logits->end());
    }
  }
  return all;
}

class LongPositions : public testing::TestWithParam<std::string> {
 protected:
  GoldenModels models_;
};

TEST_P(LongPositions, GiveTheExactLogits) {
  const auto file = GgufFile::open(models_.file(GetParam()));
  ASSERT_TRUE(file) << file.error().text();
  const std::string best = select_kernels(live_cpu_features()).value()->isa;
  for (const std::string& isa : available_isas(live_cpu_features())) {
    ThreadPool pool(2);
    const auto model = load_model(*file, **select_kernels(live_cpu_features(), isa), pool);
    ASSERT_TRUE(model) << model.error().text();
    // Slower paths share the tables of the rotation and the bounds of the windows.
    const std::uint32_t last = isa == best ? GoldenModels::long_positions().back() : 1023;
    const std::vector<float> found = logits_at_positions(*model, last, pool);
    std::vector<float> expected = GoldenModels::long_logits(GetParam());
    expected.resize(std::min(expected.size(), found.size()));
    EXPECT_GE(found.size(), 4U * model->spec().vocabulary);
    EXPECT_LE(nmse(found, expected), k_bound) << isa;
  }
}

INSTANTIATE_TEST_SUITE_P(All, LongPositions, testing::ValuesIn(GoldenModels::long_names()),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace assay
