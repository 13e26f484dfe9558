#include "reference-engine/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <new>
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

TEST_P(ThreadPoolOfSize, HandsOutEveryIndexOnceInPiecesOfTheGrain) {
  ThreadPool pool(GetParam());
  for (const std::size_t count : {0U, 1U, 7U, 64U, 1000U}) {
    std::vector<std::atomic<int>> taken(count);
    pool.for_each(count, 7, [&](std::size_t begin, std::size_t end, unsigned thread) {
      EXPECT_LT(thread, pool.size());
      EXPECT_EQ(begin % 7, 0U);
      EXPECT_TRUE(end == count || end == begin + 7);
      for (std::size_t i = begin; i < end; ++i) ++taken[i];
    });
    for (const auto& times : taken) EXPECT_EQ(times, 1);
  }
}

TEST_P(ThreadPoolOfSize, PassesOnWhatAPartThrowsWhenAllHaveEnded) {
  ThreadPool pool(GetParam());
  std::atomic<unsigned> ended{0};
  const auto fail_last = [&](unsigned thread) {
    if (thread + 1 == pool.size()) throw std::bad_alloc();
    ++ended;
  };
  EXPECT_THROW(pool.run(fail_last), std::bad_alloc);
  EXPECT_EQ(ended, pool.size() - 1);
  pool.run([&](unsigned) { ++ended; });
  EXPECT_EQ(ended, 2 * pool.size() - 1) << "the pool works on";
}

// 8 threads are more than most test machines have processors: the pool must give cores away.
INSTANTIATE_TEST_SUITE_P(Sizes, ThreadPoolOfSize, testing::Values(1U, 2U, 3U, 8U));

TEST(ThreadPool, GivesEachThreadAdjacentPieces) {
  ThreadPool pool(2);
  std::array<std::vector<std::size_t>, 2> taken;
  std::atomic<unsigned> started{0};
  pool.for_each(100, 10, [&](std::size_t begin, std::size_t, unsigned thread) {
    if (taken[thread].empty()) ++started;
    taken[thread].push_back(begin);
    while (started < 2) std::this_thread::yield();  // nobody takes two before each has one
  });
  EXPECT_EQ(taken[0].front(), 0U);
  EXPECT_EQ(taken[1].front(), 50U);
  for (const std::vector<std::size_t>& pieces : taken) {
    EXPECT_TRUE(pieces.size() < 2 || pieces[1] == pieces[0] + 10);
  }
}

TEST(ThreadPool, TakesWhatSlowerThreadsHaveLeft) {
  ThreadPool pool(2);
  std::atomic<unsigned> left{10};
  std::atomic<bool> stuck{false};
  std::vector<std::size_t> by_caller;
  pool.for_each(10, 1, [&](std::size_t begin, std::size_t, unsigned thread) {
    if (thread == 1) {  // holds one piece until all the others are done
      stuck = true;
      while (left > 1) std::this_thread::yield();
    } else {
      while (!stuck) std::this_thread::yield();
      by_caller.push_back(begin);
    }
    --left;
  });
  EXPECT_EQ(by_caller.size(), 9U);
}

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
