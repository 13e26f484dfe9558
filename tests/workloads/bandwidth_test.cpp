#include "workloads/run/bandwidth.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

RunResult streaming_run(double bytes_per_second) {
  RunResult run;
  run.model.id = "dense-8b";
  run.model.format = "Q8_0";
  run.engine.threads = 2;
  run.decode_bytes_per_token = 8e9;  // more than any last-level cache
  run.decode_tokens_per_second = describe(std::vector<double>(6, bytes_per_second / 8e9));
  return run;
}

MicroResults limits(double bandwidth) {
  MicroResults micro;
  micro.read_bandwidth_bytes_per_second[2] = describe({bandwidth});
  micro.read_pattern[2] = "4 streams";
  return micro;
}

TEST(Bandwidth, IsNeverBelowWhatARunReached) {
  MicroResults micro = limits(20e9);
  std::vector<RunResult> runs{streaming_run(16e9), streaming_run(20.8e9)};
  raise_to_runs(micro, runs);
  EXPECT_NEAR(micro.read_bandwidth_bytes_per_second.at(2).median, 20.8e9, 1.0);
  EXPECT_EQ(micro.read_pattern.at(2), "decode of dense-8b Q8_0");
  // All runs refer to the bandwidth of the document.
  EXPECT_NEAR(runs[0].decode_bandwidth_utilization_ratio.value(), 16.0 / 20.8, 1e-9);
  EXPECT_NEAR(runs[1].decode_bandwidth_utilization_ratio.value(), 1.0, 1e-9);
}

TEST(Bandwidth, StaysWhereNoRunReachedIt) {
  MicroResults micro = limits(20e9);
  std::vector<RunResult> runs{streaming_run(16e9)};
  raise_to_runs(micro, runs);
  EXPECT_DOUBLE_EQ(micro.read_bandwidth_bytes_per_second.at(2).median, 20e9);
  EXPECT_EQ(micro.read_pattern.at(2), "4 streams");
}

TEST(Bandwidth, CacheResidentRunsDoNotCount) {
  MicroResults micro = limits(20e9);
  RunResult run = streaming_run(90e9);
  run.decode_bytes_per_token = 1.0;
  std::vector<RunResult> runs{run};
  raise_to_runs(micro, runs);
  EXPECT_DOUBLE_EQ(micro.read_bandwidth_bytes_per_second.at(2).median, 20e9);
}

TEST(Bandwidth, SecondLimitsRaiseTheFirst) {
  MicroResults micro = limits(20e9);
  micro.fma_flops_per_second[2] = describe({2e11});
  MicroResults again = limits(25e9);
  again.read_pattern[2] = "8 streams";
  again.fma_flops_per_second[2] = describe({1e11});
  EXPECT_TRUE(raise_limits(micro, again));
  EXPECT_DOUBLE_EQ(micro.read_bandwidth_bytes_per_second.at(2).median, 25e9);
  EXPECT_EQ(micro.read_pattern.at(2), "8 streams");
  EXPECT_DOUBLE_EQ(micro.fma_flops_per_second.at(2).median, 2e11);
  EXPECT_FALSE(raise_limits(micro, again));
  again.bf16_flops_per_second[2] = describe({4e11});
  EXPECT_TRUE(raise_limits(micro, again));
}

}  // namespace
}  // namespace assay
