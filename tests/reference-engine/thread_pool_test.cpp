#include "reference-engine/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

namespace assay {
namespace {

class ThreadPoolOfSize : public testing::TestWithParam<unsigned> {};

TEST_P(ThreadPoolOfSize, RunsTheJobOnceOnEveryThread) {
  ThreadPool pool(GetParam());
  ASSERT_EQ(pool.size(), GetParam());
  std::vector<int> calls(pool.size(), 0);
  for (int round = 0; round < 100; ++round) {
    pool.run([&](unsigned thread) { ++calls[thread]; });
  }
  for (const int count : calls) EXPECT_EQ(count, 100);
}

TEST_P(ThreadPoolOfSize, HandsOutEveryIndexOnceInPiecesWithinTheGrain) {
  ThreadPool pool(GetParam());
  for (const std::size_t count : {0U, 1U, 7U, 64U, 1000U}) {
    std::vector<std::atomic<int>> taken(count);
    std::atomic<std::size_t> longest{0};
    pool.for_each(count, 7, [&](std::size_t begin, std::size_t end, unsigned thread) {
      EXPECT_LT(thread, pool.size());
      for (std::size_t i = begin; i < end; ++i) ++taken[i];
      std::size_t seen = longest;
      while (seen < end - begin && !longest.compare_exchange_weak(seen, end - begin)) {
      }
    });
    for (const auto& times : taken) EXPECT_EQ(times, 1);
    EXPECT_LE(longest, 7U);
  }
}

// 8 threads are more than most test machines have processors: the pool must give cores away.
INSTANTIATE_TEST_SUITE_P(Sizes, ThreadPoolOfSize, testing::Values(1U, 2U, 3U, 8U));

TEST(ThreadPool, WakesWorkersThatHaveGoneToSleep) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    pool.run([&](unsigned) { ++calls; });
  }
  EXPECT_EQ(calls, 6);
}

TEST(ThreadPool, MakesWritesOfWorkersVisibleToTheCaller) {
  ThreadPool pool(2);
  std::vector<std::size_t> values(4096);
  pool.for_each(values.size(), 16, [&](std::size_t begin, std::size_t end, unsigned) {
    std::iota(values.begin() + static_cast<std::ptrdiff_t>(begin),
              values.begin() + static_cast<std::ptrdiff_t>(end), begin);
  });
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i);
}

}  // namespace
}  // namespace assay
