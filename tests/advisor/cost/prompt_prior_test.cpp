#include "advisor/cost/prompt_prior.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

CpuProfile with_isa(std::vector<std::string> names) {
  CpuProfile cpu;
  cpu.isa = Fact<std::vector<std::string>>::known(std::move(names), "test");
  cpu.physical_cores = Fact<std::uint32_t>::known(8, "test");
  return cpu;
}

double expected_of(std::vector<std::string> names) {
  return prompt_prior(with_isa(std::move(names)), 8).value().integer.expected;
}

TEST(PromptPrior, FollowsTheBestInstructions) {
  const double amx = expected_of({"avx2", "avx512_vnni", "amx_int8"});
  const double avx512 = expected_of({"avx2", "avx_vnni", "avx512_vnni"});
  const double avx_vnni = expected_of({"sse4_2", "avx2", "avx_vnni"});
  const double avx2 = expected_of({"sse4_2", "avx2"});
  EXPECT_GT(amx, avx512);
  EXPECT_GT(avx512, avx_vnni);
  EXPECT_GT(avx_vnni, avx2);
  EXPECT_GT(expected_of({"asimd", "asimddp", "i8mm"}), 0.0);
}

TEST(PromptPrior, IsUnknownOfInstructionsThatNobodySawAtWork) {
  EXPECT_FALSE(prompt_prior(with_isa({"sse4_2"}), 8));
  EXPECT_FALSE(prompt_prior(with_isa({"asimd", "asimddp"}), 8));
  EXPECT_FALSE(prompt_prior(CpuProfile(), 8));
}

TEST(PromptPrior, IsInOrderAndWiderForPlainWeights) {
  const PromptPrior prior = prompt_prior(with_isa({"avx2"}), 8).value();
  for (const PromptPrior::Range& range : {prior.integer, prior.plain}) {
    EXPECT_LT(range.low, range.expected);
    EXPECT_LT(range.expected, range.high);
  }
  EXPECT_LT(prior.plain.expected, prior.integer.expected);
}

TEST(PromptPrior, NoMoreThreadsThanCoresCount) {
  const CpuProfile cpu = with_isa({"avx2"});
  const double eight = prompt_prior(cpu, 8)->integer.expected;
  EXPECT_DOUBLE_EQ(prompt_prior(cpu, 16)->integer.expected, eight);
  EXPECT_DOUBLE_EQ(prompt_prior(cpu, 2)->integer.expected, eight / 4.0);
}

// Two fast cores first, then four of half their speed; the rest has too little power to count.
TEST(PromptPrior, EfficiencyCoresCountHalf) {
  CpuProfile cpu = with_isa({"avx2"});
  const double core = prompt_prior(cpu, 1)->integer.expected;
  cpu.core_types = Fact<std::vector<CoreType>>::known({{.kind = "performance", .cores = 2},
                                                       {.kind = "efficiency", .cores = 4},
                                                       {.kind = "low_power", .cores = 2}},
                                                      "test");
  EXPECT_DOUBLE_EQ(prompt_prior(cpu, 2)->integer.expected, 2.0 * core);
  EXPECT_DOUBLE_EQ(prompt_prior(cpu, 4)->integer.expected, 3.0 * core);
  EXPECT_DOUBLE_EQ(prompt_prior(cpu, 8)->integer.expected, 4.0 * core);
}

}  // namespace
}  // namespace assay
