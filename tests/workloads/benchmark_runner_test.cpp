#include "workloads/micro/benchmark_runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace assay {
namespace {

MicroBenchmark counting(int& passes) {
  return {.name = "count",
          .pass =
              [&passes] {
                ++passes;
                // No clock is too coarse for it.
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
              },
          .work_per_pass = 1.0,
          .repetitions = 3,
          .passes = 2};
}

TEST(BenchmarkRunner, GivesASampleForEachRepetition) {
  int passes = 0;
  const auto samples = run_benchmarks(std::vector{counting(passes)}, {});
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->at("count").size(), 3U);
  EXPECT_EQ(passes, 6);
}

TEST(BenchmarkRunner, BeginsNothingAfterItsDeadline) {
  int passes = 0;
  const auto samples = run_benchmarks(std::vector{counting(passes)}, {}, Deadline::min());
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->empty());
  EXPECT_EQ(passes, 0);
}

TEST(BenchmarkRunner, EndsWhereItIsStopped) {
  int passes = 0;
  std::stop_source stop;
  stop.request_stop();
  const auto samples = run_benchmarks(std::vector{counting(passes)}, stop.get_token());
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().code, ErrorCode::interrupted);
  EXPECT_EQ(passes, 0);
}

}  // namespace
}  // namespace assay
