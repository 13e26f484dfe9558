#include "advisor/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "advisor/catalogue.hpp"

namespace assay {
namespace {

const HardwareTable& table() {
  static const HardwareTable k_table = builtin_hardware().value();
  return k_table;
}

Question question_of(const char* model, std::uint32_t context = 4096) {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  const CatalogueEntry* entry = k_catalogue.find(model);
  Question question;
  question.model = model;
  question.spec = entry->spec;
  question.plan = tensor_plan(entry->spec, Recipe::q4_k_m).value();
  question.format = "Q4_K_M";
  question.session.context = context;
  return question;
}

MachinePlan plan_of(const Question& question, double rate) {
  return plan_machine(question, rate, builtin_policy().value(), table());
}

TEST(Plan, TheBandwidthGivesTheRate) {
  const Question question = question_of("qwen3-8b");
  const MachinePlan plan = plan_of(question, 20.0);
  ASSERT_TRUE(plan.bandwidth_bytes_per_second);
  const auto rate_at = [&](double bandwidth) {
    return predict(question, calibration_from_profile({}, bandwidth).value(),
                   Fact<Bytes>::unknown("not asked"))
        .decode_tokens_per_second;
  };
  EXPECT_NEAR(rate_at(*plan.bandwidth_bytes_per_second).expected, 20.0, 1e-6);
  ASSERT_TRUE(plan.safe_bandwidth_bytes_per_second);
  EXPECT_NEAR(rate_at(*plan.safe_bandwidth_bytes_per_second).low, 20.0, 1e-6);
  EXPECT_GT(*plan.safe_bandwidth_bytes_per_second, *plan.bandwidth_bytes_per_second);
}

TEST(Plan, MemoryIsWithinThePolicysOkAndASizeThatIsSold) {
  const MachinePlan plan = plan_of(question_of("qwen3-8b"), 5.0);
  // 8.2 billion values in about 4.9 bits are 5.0 GB, and 4096 positions 0.6 GB.
  EXPECT_NEAR(static_cast<double>(plan.needed.value), 5.75e9, 0.15e9);
  EXPECT_NEAR(static_cast<double>(plan.available.value),
              static_cast<double>(plan.needed.value) / 0.83, 2.0);
  EXPECT_EQ(plan.installed, gibibytes(8));
}

TEST(Plan, ALongerContextNeedsMoreMemory) {
  const MachinePlan shorter = plan_of(question_of("qwen3-8b"), 5.0);
  const MachinePlan longer = plan_of(question_of("qwen3-8b", 32768), 5.0);
  // 36 layers, 8 heads of 128 values, keys and values, 2 bytes each: 147,456 bytes a position.
  EXPECT_GE(longer.needed.value - shorter.needed.value, 147456ULL * (32768 - 4096));
}

TEST(Plan, MachinesThatDoAreSortedAndFastEnough) {
  const MachinePlan plan = plan_of(question_of("qwen3-8b"), 20.0);
  for (const auto* machines : {&plan.processors, &plan.gpus}) {
    ASSERT_FALSE(machines->empty());
    EXPECT_TRUE(std::ranges::is_sorted(*machines, {}, &PlannedMachine::bandwidth_bytes_per_second));
    for (const PlannedMachine& machine : *machines) {
      EXPECT_GE(machine.decode_tokens_per_second.expected, 20.0) << machine.name;
      EXPECT_GE(machine.memory.value, plan.available.value) << machine.name;
    }
  }
}

TEST(Plan, NothingDoesWhatNothingCan) {
  const MachinePlan plan = plan_of(question_of("qwen3-30b-a3b"), 5000.0);
  EXPECT_TRUE(plan.processors.empty());
  EXPECT_TRUE(plan.gpus.empty());
  EXPECT_FALSE(plan.bandwidth_bytes_per_second);
}

TEST(Plan, TheDocumentNamesUnits) {
  const Question question = question_of("qwen3-1.7b");
  const Json json = plan_json(question, 10.0, plan_of(question, 10.0));
  EXPECT_EQ(json["schema"], "assay.plan/1");
  EXPECT_GT(json["memory"]["needed_bytes"].get<std::uint64_t>(), 1'000'000'000U);
  EXPECT_EQ(json["processors"][0]["decode_tokens_per_second"]["basis"], "profile");
}

}  // namespace
}  // namespace assay
