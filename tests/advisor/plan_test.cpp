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
    return predict(question, calibration_from_profile({}, bandwidth, plan.cores).value(),
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
  // 6.9 GB free and 4 GiB for the system: 8 GB are too few.
  EXPECT_EQ(plan.installed, gibibytes(16));
}

TEST(Plan, ASmallModelFitsBesideHalfOfTheLeastThatIsSold) {
  // 0.5 GB, and the system has half of 4.
  EXPECT_EQ(plan_of(question_of("smollm2-135m"), 1.0).installed, gibibytes(4));
}

TEST(Plan, AProcessorIsNotGivenMoreMemoryThanItIsSoldWith) {
  // 23.6 billion values in 8.5 bits are 25 GB: 32 GB leave too little beside the system.
  Question question = question_of("mistral-small-24b-2501");
  question.plan = tensor_plan(question.spec, Recipe::q8_0).value();
  const MachinePlan plan = plan_of(question, 1.0);
  const auto named = [](const char* name) {
    return [name](const PlannedMachine& machine) { return machine.name == name; };
  };
  // Takes 32 GB at most.
  EXPECT_TRUE(std::ranges::none_of(plan.processors, named("Intel Core i7-8550U")));
  EXPECT_TRUE(std::ranges::any_of(plan.processors, named("Intel Core i9-9900K")));
  for (const PlannedMachine& machine : plan.processors) {
    const auto found = find_hardware(table(), machine.name);
    ASSERT_TRUE(found) << machine.name;
    if (found->processor == nullptr) continue;  // Apple's graphics have the same name
    if (found->processor->most_memory) {
      EXPECT_LE(machine.memory, *found->processor->most_memory) << machine.name;
    }
  }
}

TEST(Plan, AnAppleChipHasTheSizesThatItIsSoldWith) {
  const MachinePlan plan = plan_of(question_of("qwen3-30b-a3b"), 5.0);
  const auto chip =
      std::ranges::find(plan.processors, "Apple M4 Max (14-core)", &PlannedMachine::name);
  ASSERT_NE(chip, plan.processors.end());
  EXPECT_EQ(chip->memory, gibibytes(36));
}

TEST(Plan, AUnifiedGpuLeavesTheSystemItsPart) {
  // 11.4 GB free: two thirds of 16 GB are less.
  const MachinePlan plan = plan_of(question_of("qwen3-14b"), 5.0);
  EXPECT_GT(plan.available, Bytes(10'922ULL << 20U));
  const auto chip = std::ranges::find(plan.gpus, "Apple M4 GPU", &PlannedMachine::name);
  ASSERT_NE(chip, plan.gpus.end());
  EXPECT_EQ(chip->memory, gibibytes(24));
}

TEST(Plan, ThePromptSaysHowMuchMustBeComputed) {
  Question question = question_of("qwen3-8b");
  question.prompt_tokens = 1000;
  const MachinePlan plan = plan_of(question, 5.0);
  // 6.95 billion values of layers, two operations each, and attention on top.
  EXPECT_GT(plan.prompt_flops, 2.0 * 6.9e9 * 1000);
  EXPECT_LT(plan.prompt_flops, 2.0 * 6.9e9 * 1000 * 1.1);
  EXPECT_DOUBLE_EQ(plan.prompt_flops_per_second, plan.prompt_flops / 4.0);
  EXPECT_DOUBLE_EQ(plan.comfortable_prompt_flops_per_second, plan.prompt_flops / 1.0);
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
      EXPECT_FALSE(machine.source.empty()) << machine.name;
    }
  }
}

TEST(Plan, AGpuWhoseArithmeticIsPublishedHasAFirstToken) {
  const MachinePlan plan = plan_of(question_of("qwen3-8b"), 20.0);
  const auto card =
      std::ranges::find(plan.gpus, "NVIDIA GeForce RTX 3060 12 GB", &PlannedMachine::name);
  ASSERT_NE(card, plan.gpus.end());
  EXPECT_TRUE(card->time_to_first_token_seconds.is_known());
}

TEST(Plan, AProcessorWhoseInstructionsArePublishedHasAFirstTokenToo) {
  const MachinePlan plan = plan_of(question_of("qwen3-8b"), 20.0);
  const auto found = std::ranges::find(plan.processors, "Apple M2 Ultra", &PlannedMachine::name);
  ASSERT_NE(found, plan.processors.end());
  EXPECT_TRUE(found->time_to_first_token_seconds.is_known());
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
  EXPECT_FALSE(json["processors"][0]["bandwidth_source"].get<std::string>().empty());
  EXPECT_GT(json["prompt"]["flops_per_second"].get<double>(), 0.0);
}

}  // namespace
}  // namespace assay
