#include "advisor/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "advisor/cost/reread.hpp"
#include "advisor/cost/work.hpp"
#include "tests/advisor/example_machine.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

/// A machine whose costs are known, so that what a fit finds can be compared with the truth.
struct TrueMachine {
  double bandwidth = 40e9;
  std::map<WeightFormat, double> efficiency{{WeightFormat::f32, 0.9},
                                            {WeightFormat::f16, 0.93},
                                            {WeightFormat::q8_0, 0.9},
                                            {WeightFormat::q6_k, 0.7},
                                            {WeightFormat::q4_k, 0.8}};
  double expert_share = 0.75;
  double seconds_per_layer = 60e-6;
  double seconds_per_moe_layer = 80e-6;
  double seconds_per_token = 300e-6;
  double cache_efficiency = 0.85;
  double seconds_per_score = 3e-9;
  double flops = 200e9;
  double attention_flops = 40e9;
  double pass_read = 1.5;
  double plain_pass_read = 3.0;

  [[nodiscard]] double decode_seconds(const Work& work) const {
    double seconds = work.layers * seconds_per_layer + work.moe_layers * seconds_per_moe_layer +
                     seconds_per_token + work.cache_bytes / (cache_efficiency * bandwidth) +
                     work.scores * seconds_per_score;
    for (const auto& [format, bytes] : work.dense) {
      seconds += bytes / (efficiency.at(format) * bandwidth);
    }
    for (const auto& [format, bytes] : work.experts) {
      seconds += bytes / (efficiency.at(format) * expert_share * bandwidth);
    }
    return seconds;
  }
  [[nodiscard]] double pass_of(WeightFormat format) const {
    const bool plain = format == WeightFormat::f16 || format == WeightFormat::f32;
    return plain ? plain_pass_read : pass_read;
  }
  [[nodiscard]] double prefill_seconds(const Work& work, const Work& head) const {
    double seconds = work.attention_flops / attention_flops + seconds_per_token;
    for (const auto& [format, flop] : work.dense) seconds += flop / flops;
    for (const auto& [format, flop] : work.experts) seconds += flop / (0.5 * flops);
    for (const auto& [format, bytes] : head.dense) {
      seconds += bytes / (efficiency.at(format) * bandwidth);
    }
    for (const auto& [format, bytes] : work.dense_reads) {
      seconds += pass_of(format) * bytes / (efficiency.at(format) * bandwidth);
    }
    for (const auto& [format, bytes] : work.expert_reads) {
      seconds += pass_of(format) * bytes / (efficiency.at(format) * expert_share * bandwidth);
    }
    return seconds;
  }
};

PromptShape prompt_of(const RunResult& run) {
  return {.tokens = run.prompt_tokens * 1.0, .depth = run.context_depth * 1.0};
}

Statistic around(double value) { return describe({0.99 * value, value, 1.01 * value}); }

/// What the quick suite would report on that machine; `noise` alternates in sign.
std::vector<RunResult> quick_suite(const TrueMachine& machine, double noise,
                                   const std::vector<RereadSpeed>& reread = {}) {
  const Suite suite = builtin_suite().value();
  std::vector<RunResult> runs;
  double sign = 1.0;
  for (const SuiteCell& cell : suite.quick) {
    const WorkloadSpec* workload = suite.workload(cell.workload);
    ModelSpec spec = suite.shape(cell.shape)->spec;
    RunResult run;
    run.model.full_layers = static_cast<std::uint32_t>(spec.layers.size());
    spec = sliced(spec, cell.layers);
    const TensorPlan plan = tensor_plan(spec, cell.recipe).value();
    run.workload = cell.workload;
    run.model.id = cell.shape;
    run.model.format = recipe_name(cell.recipe);
    run.model.layers = static_cast<std::uint32_t>(spec.layers.size());
    run.model.is_slice = cell.layers > 0;
    run.engine.threads = 2;
    run.prompt_tokens = workload->prompt_tokens;
    run.generated_tokens = workload->generated_tokens;
    run.context_depth = workload->context_depth;
    const double depth = run.context_depth + run.prompt_tokens + run.generated_tokens / 2.0;
    if (run.generated_tokens > 0) {
      const double seconds = machine.decode_seconds(
          from_memory(decode_work(spec, plan, CacheFormat::f16, depth), reread));
      run.decode_tokens_per_second = around((1.0 + sign * noise) / seconds);
    }
    if (run.prompt_tokens > 0) {
      const double seconds =
          machine.prefill_seconds(prefill_work(spec, plan, prompt_of(run)), head_work(spec, plan));
      run.prefill_tokens_per_second = around((1.0 - sign * noise) * run.prompt_tokens / seconds);
    }
    runs.push_back(run);
    sign = -sign;
  }
  return runs;
}

MicroResults micro_of(const TrueMachine& machine) {
  MicroResults micro;
  micro.read_bandwidth_bytes_per_second[2] = around(machine.bandwidth);
  micro.fma_flops_per_second[2] = around(150e9);
  return micro;
}

Question shape_question(const std::string& shape, Recipe recipe) {
  Question question;
  question.model = shape;
  question.spec = builtin_suite().value().shape(shape)->spec;
  question.plan = tensor_plan(question.spec, recipe).value();
  question.format = recipe_name(recipe);
  return question;
}

/// Predicted decode rate over the true one.
double decode_ratio(const TrueMachine& machine, const Calibration& calibration,
                    const Question& question) {
  const Estimate rate = predict(question, calibration, gigabytes(64)).decode_tokens_per_second;
  const Work work = decode_work(question.spec, question.plan, CacheFormat::f16,
                                static_cast<double>(question.depth));
  return rate.expected * machine.decode_seconds(work);
}

// From slices of a 1B dense and a 7B-A1B MoE shape to whole models of other sizes, whose costs
// nothing in the suite is equal to. With exact runs only the beliefs pull: they are 25 % wide
// against observations of 3 %, and leave at most a few per cent.
TEST(Calibration, FromSlicesToWholeModels) {
  const TrueMachine machine;
  const auto calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.0), 2);
  ASSERT_TRUE(calibration) << calibration.error().text();
  for (const Recipe recipe : {Recipe::f16, Recipe::q8_0, Recipe::q4_k_m}) {
    for (const char* shape : {"dense-1b", "dense-3b", "dense-8b", "moe-7b-a1b", "moe-24b-a3b"}) {
      EXPECT_NEAR(decode_ratio(machine, *calibration, shape_question(shape, recipe)), 1.0, 0.06)
          << shape << " " << recipe_name(recipe);
    }
  }
}

// Runs that are off by 3 % in alternating directions, the noise that each is trusted to.
TEST(Calibration, NoiseInTheRunsDoesNotGrow) {
  const TrueMachine machine;
  const auto calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.03), 2);
  ASSERT_TRUE(calibration);
  for (const char* shape : {"dense-3b", "moe-7b-a1b"}) {
    EXPECT_NEAR(decode_ratio(machine, *calibration, shape_question(shape, Recipe::q4_k_m)), 1.0,
                0.10)
        << shape;
  }
}

TEST(Calibration, PredictsPrefill) {
  const TrueMachine machine;
  const auto calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.0), 2);
  ASSERT_TRUE(calibration);
  for (const char* shape : {"dense-3b", "moe-7b-a1b"}) {
    const Question question = shape_question(shape, Recipe::q4_k_m);
    const Estimate first =
        predict(question, *calibration, gigabytes(64)).time_to_first_token_seconds;
    const double truth = machine.prefill_seconds(
        prefill_work(question.spec, question.plan,
                     {.tokens = static_cast<double>(question.prompt_tokens)}),
        head_work(question.spec, question.plan));
    EXPECT_NEAR(first.expected / truth, 1.0, 0.10) << shape;
  }
}

// A result of prompts alone for mixtures: their decode rates are borrowed, those of prompts are
// not.
TEST(Calibration, MixturesMayHavePromptsWithoutDecode) {
  const TrueMachine machine;
  const Suite suite = builtin_suite().value();
  std::vector<RunResult> runs = quick_suite(machine, 0.0);
  for (RunResult& run : runs) {
    if (suite.shape(run.model.id)->spec.is_moe()) run.decode_tokens_per_second.reset();
  }
  const auto calibration = calibrate({}, micro_of(machine), runs, 2);
  ASSERT_TRUE(calibration) << calibration.error().text();
  const Question question = shape_question("moe-7b-a1b", Recipe::q4_k_m);
  const Prediction found = predict(question, *calibration, gigabytes(64));
  EXPECT_TRUE(found.decode_tokens_per_second.is_known());
  const double truth =
      machine.prefill_seconds(prefill_work(question.spec, question.plan,
                                           {.tokens = static_cast<double>(question.prompt_tokens)}),
                              head_work(question.spec, question.plan));
  // As PredictsPrefill, and a tenth for the reads of experts whose rates are borrowed.
  EXPECT_NEAR(found.time_to_first_token_seconds.expected / truth, 1.0, 0.20);
}

TEST(Calibration, AMachineOfHalfTheBandwidthIsHalfAsFast) {
  TrueMachine slow;
  slow.bandwidth /= 2.0;
  const TrueMachine fast;
  const auto rate = [](const TrueMachine& machine) {
    const auto calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.0), 2);
    return predict(question_about("llama-3.1-8b", Recipe::q4_k_m), *calibration, gigabytes(64))
        .decode_tokens_per_second.expected;
  };
  EXPECT_NEAR(rate(slow) / rate(fast), 0.5, 0.02);
}

// A machine that slows down as a whole between the suite and a run: the shares stay what they are.
TEST(Calibration, SharesOfLimitsFollowTheMachine) {
  const TrueMachine machine;
  const auto calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.0), 2);
  ASSERT_TRUE(calibration);
  MicroResults slower = micro_of(machine);
  slower.read_bandwidth_bytes_per_second[2] = around(machine.bandwidth / 2.0);
  slower.fma_flops_per_second[2] = around(150e9 / 2.0);
  const Question question = shape_question("dense-3b", Recipe::q4_k_m);
  const Prediction before = predict(question, *calibration, gigabytes(64));
  const Prediction after = predict(question, with_limits(*calibration, slower), gigabytes(64));
  EXPECT_NEAR(after.decode_tokens_per_second.expected,
              before.decode_tokens_per_second.expected / 2.0, 1e-9);
  EXPECT_NEAR(after.time_to_first_token_seconds.expected,
              before.time_to_first_token_seconds.expected * 2.0, 1e-9);
}

// Slices that a cache of 480 MB holds in part are read up to a third faster than whole models. Not
// knowing that makes 8B a tenth faster than knowing it, which is as exact as without the cache
// (FromSlicesToWholeModels).
TEST(Calibration, WhatACacheHoldsOfSlicesIsNotExpectedOfWholeModels) {
  const TrueMachine machine;
  MicroResults micro = micro_of(machine);
  std::vector<RereadSpeed> speeds{{128e6, 4.0 / 3.0}, {256e6, 1.2}, {512e6, 1.1}, {2048e6, 1.0}};
  const std::vector<RunResult> runs = quick_suite(machine, 0.0, speeds);
  const Question question = shape_question("dense-8b", Recipe::q4_k_m);
  const auto unaware = calibrate({}, micro, runs, 2);
  ASSERT_TRUE(unaware);
  for (const RereadSpeed& speed : speeds) {
    micro.read_by_size[2].push_back({Bytes(static_cast<std::uint64_t>(speed.bytes)),
                                     describe({speed.times * machine.bandwidth})});
  }
  const auto aware = calibrate({}, micro, runs, 2);
  ASSERT_TRUE(aware);
  EXPECT_NEAR(decode_ratio(machine, *aware, question), 1.0, 0.06);
  EXPECT_GT(decode_ratio(machine, *unaware, question),
            1.1 * decode_ratio(machine, *aware, question));
}

// No run of the suite has Q4_0, which this machine reads at three quarters of what is believed
// beside Q4_K. Its kernels tell.
TEST(Calibration, FormatsThatNoRunHasFollowTheirKernels) {
  TrueMachine machine;
  machine.efficiency[WeightFormat::q4_0] = 0.64;
  MicroResults micro = micro_of(machine);
  const std::vector<RunResult> runs = quick_suite(machine, 0.0);
  const Question question = shape_question("dense-3b", Recipe::q4_0);
  const auto believed = calibrate({}, micro, runs, 2);
  ASSERT_TRUE(believed);
  EXPECT_GT(decode_ratio(machine, *believed, question), 1.15);
  for (const auto& [format, efficiency] : machine.efficiency) {
    micro.kernels[2].push_back({std::string(format_name(format)),
                                around(efficiency * machine.bandwidth), around(machine.flops)});
  }
  const auto timed = calibrate({}, micro, runs, 2);
  ASSERT_TRUE(timed);
  EXPECT_NEAR(decode_ratio(machine, *timed, question), 1.0, 0.06);
}

// The same with a cache that holds a part of what the trials read: all of them come 1.4 times as
// fast, which none of a whole model does.
TEST(Calibration, TrialsThatACacheHoldsInPartAreNotTakenForMemory) {
  TrueMachine machine;
  machine.efficiency[WeightFormat::q4_0] = 0.64;
  MicroResults micro = micro_of(machine);
  const std::vector<RereadSpeed> speeds{
      {128e6, 1.6}, {static_cast<double>(k_trial_memory.value), 1.4}, {4096e6, 1.0}};
  for (const RereadSpeed& speed : speeds) {
    micro.read_by_size[2].push_back({Bytes(static_cast<std::uint64_t>(speed.bytes)),
                                     describe({speed.times * machine.bandwidth})});
  }
  for (const auto& [format, efficiency] : machine.efficiency) {
    micro.kernels[2].push_back({std::string(format_name(format)),
                                around(1.4 * efficiency * machine.bandwidth),
                                around(machine.flops)});
  }
  const auto calibration = calibrate({}, micro, quick_suite(machine, 0.0, speeds), 2);
  ASSERT_TRUE(calibration);
  const Question question = shape_question("dense-8b", Recipe::q4_0);
  EXPECT_NEAR(decode_ratio(machine, *calibration, question), 1.0, 0.06);
}

// Keys and values that are read at less than half of what is believed, and a cheap score: behind a
// context twice as long as the suite's, what the attention's own speed says counts.
TEST(Calibration, LongContextsFollowTheAttentionThatWasTimed) {
  TrueMachine machine;
  machine.cache_efficiency = 0.4;
  machine.seconds_per_score = 0.5e-9;
  MicroResults micro = micro_of(machine);
  const double read = 512.0 / (machine.cache_efficiency * machine.bandwidth);
  for (const std::uint32_t group : {1U, 4U}) {
    micro.attention[2].push_back({group, around(1.0 / (read + group * machine.seconds_per_score))});
  }
  const auto calibration = calibrate({}, micro, quick_suite(machine, 0.0), 2);
  ASSERT_TRUE(calibration);
  EXPECT_NEAR(calibration->cache_efficiency, machine.cache_efficiency, 0.02);
  Question question = shape_question("dense-3b", Recipe::q4_k_m);
  question.depth = 16384;
  EXPECT_NEAR(decode_ratio(machine, *calibration, question), 1.0, 0.06);
}

TEST(Calibration, LimitsThatWereNotMeasuredStay) {
  const TrueMachine machine;
  const auto calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.0), 2);
  ASSERT_TRUE(calibration);
  const Calibration same = with_limits(*calibration, {});
  EXPECT_EQ(same.read_bandwidth_bytes_per_second, calibration->read_bandwidth_bytes_per_second);
  EXPECT_EQ(same.attention_flops_per_second, calibration->attention_flops_per_second);
}

TEST(Calibration, LeavesRunsOfOtherThreadCountsAndInvalidOnesAside) {
  const TrueMachine machine;
  std::vector<RunResult> runs = quick_suite(machine, 0.0);
  const auto expected = calibrate({}, micro_of(machine), runs, 2);
  ASSERT_TRUE(expected);
  RunResult other = runs.front();
  other.engine.threads = 1;
  other.decode_tokens_per_second = around(1.0);
  RunResult wrong = runs.front();
  wrong.validity = Validity::invalid;
  wrong.decode_tokens_per_second = around(1e6);
  runs.insert(runs.end(), {other, wrong});
  const auto calibration = calibrate({}, micro_of(machine), runs, 2);
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->seconds_per_layer, expected->seconds_per_layer);
  EXPECT_EQ(calibration->dense[0].decode_efficiency, expected->dense[0].decode_efficiency);
}

TEST(Calibration, OfAMeasuredBandwidthIsNoShareOfARatedOne) {
  Calibration rated = calibration_from_profile({}, 50e9, 2).value();
  EXPECT_TRUE(rated.is_share_of_rated);
  MicroResults micro;
  micro.read_bandwidth_bytes_per_second[2] = around(30e9);
  const Calibration measured = with_limits(rated, micro);
  EXPECT_FALSE(measured.is_share_of_rated);
  EXPECT_DOUBLE_EQ(measured.read_bandwidth_bytes_per_second, 30e9);
  EXPECT_NE(measured.origin.find("measured"), std::string::npos) << measured.origin;
}

TEST(Calibration, LongContextsCarryTheUncertaintyOfAttention) {
  const TrueMachine machine;
  Calibration calibration = calibrate({}, micro_of(machine), quick_suite(machine, 0.0), 2).value();
  EXPECT_GT(calibration.cache_interval, 0.0);
  EXPECT_GT(calibration.score_interval, 0.0);
  EXPECT_GT(calibration.attention_interval, 0.0);
  Question question = shape_question("dense-3b", Recipe::q4_k_m);
  question.depth = 65536;
  question.prompt_tokens = 65536;
  const auto width = [&] {
    const Prediction found = predict(question, calibration, Fact<Bytes>());
    return std::pair(
        found.decode_tokens_per_second.high / found.decode_tokens_per_second.low,
        found.time_to_first_token_seconds.high / found.time_to_first_token_seconds.low);
  };
  const auto with = width();
  calibration.cache_interval = calibration.score_interval = calibration.attention_interval = 0.0;
  const auto without = width();
  EXPECT_GT(with.first, without.first);
  EXPECT_GT(with.second, without.second);
}

TEST(Calibration, TakesWattsFromRunsThatCountedEnergy) {
  const TrueMachine machine;
  std::vector<RunResult> runs = quick_suite(machine, 0.0);
  const auto none = calibrate({}, micro_of(machine), runs, 2);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->decode_watts.is_known());
  for (RunResult& run : runs) {
    if (!run.decode_tokens_per_second) continue;
    run.decode_joules_per_token =
        Fact<double>::known(18.0 / run.decode_tokens_per_second->median, "RAPL");
  }
  const auto counted = calibrate({}, micro_of(machine), runs, 2);
  ASSERT_TRUE(counted);
  EXPECT_NEAR(counted->decode_watts.value(), 18.0, 1e-9);
  EXPECT_EQ(counted->decode_watts.source(), "measured by RAPL");
  EXPECT_FALSE(decode_watts(runs, 1).is_known());
  for (RunResult& run : runs) run.validity = Validity::invalid;
  EXPECT_FALSE(decode_watts(runs, 2).is_known());
}

TEST(Calibration, ABandwidthThatNoMemoryHasIsUnknown) {
  for (const double bandwidth : {0.0, -50e9, 1e30, std::nan("")}) {
    EXPECT_FALSE(calibration_from_profile({}, bandwidth)) << bandwidth;
    MachineProfile machine;
    machine.memory.theoretical_bandwidth_bytes_per_second = Fact<double>::known(bandwidth, "test");
    EXPECT_FALSE(calibration_from_profile(machine, std::nullopt)) << bandwidth;
  }
}

TEST(Calibration, WithoutMeasurementsIsUnknown) {
  const TrueMachine machine;
  const auto no_bandwidth = calibrate({}, {}, quick_suite(machine, 0.0), 2);
  ASSERT_FALSE(no_bandwidth);
  EXPECT_EQ(no_bandwidth.error().code, ErrorCode::unknown);
  const auto no_runs = calibrate({}, micro_of(machine), {}, 2);
  ASSERT_FALSE(no_runs);
  EXPECT_EQ(no_runs.error().code, ErrorCode::unknown);
  EXPECT_THAT(no_runs.error().remedy, HasSubstr("assay assess"));
}

}  // namespace
}  // namespace assay
