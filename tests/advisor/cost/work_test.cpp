#include "advisor/cost/work.hpp"

#include <gtest/gtest.h>

#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

struct Planned {
  ModelSpec spec;
  TensorPlan plan;
};

Planned shape(const char* id) {
  Planned planned;
  planned.spec = builtin_suite().value().shape(id)->spec;
  planned.plan = tensor_plan(planned.spec, Recipe::q8_0).value();
  return planned;
}

double sum(const std::map<WeightFormat, double>& amounts) {
  double total = 0.0;
  for (const auto& [format, amount] : amounts) total += amount;
  return total;
}

// 32 heads in each of 16 layers, 100 positions.
TEST(DecodeWork, CountsPairsOfAQueryAndAKey) {
  const Planned model = shape("dense-1b");
  EXPECT_DOUBLE_EQ(decode_work(model.spec, model.plan, CacheFormat::f16, 100.0).scores,
                   16.0 * 32.0 * 100.0);
}

TEST(Work, TellsPlainFormatsFromBlocks) {
  const std::map<WeightFormat, double> amounts{
      {WeightFormat::f16, 1.0}, {WeightFormat::f32, 2.0}, {WeightFormat::q4_k, 4.0}};
  EXPECT_DOUBLE_EQ(sum(of_kind(amounts, true)), 3.0);
  EXPECT_DOUBLE_EQ(sum(of_kind(amounts, false)), 4.0);
}

TEST(PrefillWork, OneTokenUsesTheExpertsThatItChose) {
  EXPECT_DOUBLE_EQ(share_of_experts(64, 8, 1), 8.0 / 64.0);
}

// By hand: of 4 experts, one chosen by each of 2 tokens, a given one is missed by both with
// (3/4)^2.
TEST(PrefillWork, TokensShareExperts) {
  EXPECT_DOUBLE_EQ(share_of_experts(4, 1, 2), 1.0 - 9.0 / 16.0);
}

TEST(PrefillWork, EachPassReadsTheDenseWeightsOnce) {
  const Planned model = shape("dense-1b");
  const double one = sum(prefill_work(model.spec, model.plan, {.tokens = 512}).dense_reads);
  const double two = sum(prefill_work(model.spec, model.plan, {.tokens = 513}).dense_reads);
  EXPECT_GT(one, 0.0);
  EXPECT_DOUBLE_EQ(two, 2.0 * one);
}

TEST(PrefillWork, PassesReadTheExpertsThatTheirTokensChose) {
  const Planned model = shape("moe-7b-a1b");
  const auto reads = [&](double tokens) {
    return sum(prefill_work(model.spec, model.plan, {.tokens = tokens}).expert_reads);
  };
  EXPECT_DOUBLE_EQ(reads(512 + 4) - reads(512), reads(4));
  EXPECT_NEAR(reads(1) / reads(512), 8.0 / 64.0, 1e-9);
}

// By hand, of 16 layers of dense-1b: 4 x 2048 for norms and sums, 2 x 32 x 64 of queries and
// results, 3 x 8192 of the activation.
TEST(PrefillWork, CountsWhatIsTouchedOutsideProducts) {
  const Planned model = shape("dense-1b");
  EXPECT_DOUBLE_EQ(prefill_work(model.spec, model.plan, {.tokens = 3}).elements,
                   3.0 * 16.0 * (4.0 * 2048 + 2.0 * 32 * 64 + 3.0 * 8192));
}

// A prompt behind a depth is the rest of a longer one.
TEST(PrefillWork, AttentionSeesWhatIsInTheCache) {
  const Planned model = shape("dense-1b");
  const auto attention = [&](double tokens, double depth) {
    return prefill_work(model.spec, model.plan, {.tokens = tokens, .depth = depth}).attention_flops;
  };
  EXPECT_DOUBLE_EQ(attention(100, 0) + attention(200, 100), attention(300, 0));
}

}  // namespace
}  // namespace assay
