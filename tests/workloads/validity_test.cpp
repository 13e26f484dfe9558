#include "workloads/measure/validity.hpp"

#include <gtest/gtest.h>

#include "tests/workloads/fake_engine.hpp"
#include "workloads/measure/repetition.hpp"

namespace assay {
namespace {

/// A decode rate of 100 tokens per second at 200 MB per token: 20 GB/s on a machine of 25.
RunResult steady_run() {
  RunResult run;
  run.decode_tokens_per_second = describe({100.0, 100.1, 99.9, 100.0, 100.2, 99.8, 100.0});
  run.decode_bytes_per_token = 200e6;
  return run;
}

RunEvidence quiet_machine() {
  RunEvidence evidence;
  evidence.read_bandwidth_bytes_per_second = 25e9;
  evidence.interference.steal_ratio = 0.0;
  evidence.interference.neighbours_ratio = 0.01;
  return evidence;
}

bool mentions(const Judgement& judgement, std::string_view text) {
  for (const std::string& reason : judgement.reasons) {
    if (reason.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(Validity, ASteadyRunOnAQuietMachineIsOk) {
  const Judgement judgement = assess_validity(steady_run(), quiet_machine());
  EXPECT_EQ(judgement.validity, Validity::ok);
  EXPECT_TRUE(judgement.reasons.empty());
}

TEST(Validity, SpreadDecidesBetweenNoisyAndUnstable) {
  RunResult run = steady_run();
  run.decode_tokens_per_second = describe({93.0, 107.0, 100.0, 94.0, 106.0, 100.0});
  EXPECT_EQ(assess_validity(run, quiet_machine()).validity, Validity::noisy);
  run.decode_tokens_per_second = describe({70.0, 130.0, 100.0, 75.0, 125.0, 100.0});
  EXPECT_EQ(assess_validity(run, quiet_machine()).validity, Validity::unstable);
}

TEST(Validity, FewRepetitionsAreNoisy) {
  RunResult run = steady_run();
  run.decode_tokens_per_second = describe({100.0, 100.0});
  const Judgement judgement = assess_validity(run, quiet_machine());
  EXPECT_EQ(judgement.validity, Validity::noisy);
  EXPECT_TRUE(mentions(judgement, "2 repetitions"));
}

TEST(Validity, EachDisturbanceHasItsReason) {
  RunEvidence evidence = quiet_machine();
  evidence.interference = {
      .steal_ratio = 0.03, .neighbours_ratio = 0.2, .major_faults = 7, .on_battery = true};
  const Judgement judgement = assess_validity(steady_run(), evidence);
  EXPECT_EQ(judgement.validity, Validity::noisy);
  EXPECT_EQ(judgement.reasons.size(), 4U);
  EXPECT_TRUE(mentions(judgement, "hypervisor took 3.0 %"));
  EXPECT_TRUE(mentions(judgement, "other processes used 20 %"));
  EXPECT_TRUE(mentions(judgement, "7 pages"));
  EXPECT_TRUE(mentions(judgement, "battery"));
}

TEST(Validity, ASpeedAboveTheMemorysIsImpossible) {
  RunEvidence evidence = quiet_machine();
  evidence.read_bandwidth_bytes_per_second = 19.5e9;  // 20 GB/s is within 5 %
  EXPECT_EQ(assess_validity(steady_run(), evidence).validity, Validity::ok);
  evidence.read_bandwidth_bytes_per_second = 18e9;
  const Judgement judgement = assess_validity(steady_run(), evidence);
  EXPECT_EQ(judgement.validity, Validity::invalid);
  EXPECT_TRUE(mentions(judgement, "20.0 GB/s"));
}

TEST(Validity, WhatACacheHoldsNeedsNoMemory) {
  RunResult run = steady_run();
  run.decode_bytes_per_token = 20e6;
  run.decode_tokens_per_second = describe({5000.0, 5001.0, 5000.0, 4999.0, 5000.0, 5000.0});
  RunEvidence evidence = quiet_machine();
  evidence.cache = Bytes(32'000'000);
  EXPECT_EQ(assess_validity(run, evidence).validity, Validity::ok);
  evidence.cache = Bytes(8'000'000);
  EXPECT_EQ(assess_validity(run, evidence).validity, Validity::invalid);
}

TEST(Validity, PrefillAboveThePeakIsImpossible) {
  RunResult run;
  run.prefill_tokens_per_second = describe({100.0, 100.0, 100.0, 100.0, 100.0, 100.0});
  run.prefill_flops_per_token = 2e9;
  RunEvidence evidence = quiet_machine();
  evidence.compute_ops_per_second = 195e9;
  EXPECT_EQ(assess_validity(run, evidence).validity, Validity::ok);
  evidence.compute_ops_per_second = 150e9;
  EXPECT_EQ(assess_validity(run, evidence).validity, Validity::invalid);
}

TEST(Validity, WrongOutputIsInvalid) {
  RunResult run = steady_run();
  run.verification = Verification{false, 0.5, 3, "logits at depth 31"};
  const Judgement judgement = assess_validity(run, quiet_machine());
  EXPECT_EQ(judgement.validity, Validity::invalid);
  EXPECT_TRUE(mentions(judgement, "wrong output: logits at depth 31"));
}

TEST(Validity, AnEngineThatCountsTwiceIsRejected) {
  FakeEngine engine;
  engine.skips_every_second_token = true;
  const WorkloadSpec workload{.name = "chat", .prompt_tokens = 16, .generated_tokens = 33};
  const auto samples =
      measure_repetitions(engine, workload, 1000, {}, engine.clock(), std::stop_token());
  ASSERT_TRUE(samples);
  RunResult run;
  run.decode_tokens_per_second = describe(samples->decode_tokens_per_second);
  // An honest step of 10 ms reads 200 MB: this machine could do 50 GB/s, so the doubled rate of
  // 200 tokens per second alone would pass.
  run.decode_bytes_per_token = 200e6;
  RunEvidence evidence = quiet_machine();
  evidence.read_bandwidth_bytes_per_second = 50e9;
  evidence.inter_token_seconds = samples->inter_token_seconds;
  const Judgement judgement = assess_validity(run, evidence);
  EXPECT_EQ(judgement.validity, Validity::invalid);
  EXPECT_TRUE(mentions(judgement, "16 of 32 tokens") || mentions(judgement, "tokens came faster"));
}

}  // namespace
}  // namespace assay
