#include "base/affinity.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace assay {
namespace {

TEST(KeepThisThreadOn, HoldsForTheThreadsThatItStarts) {
  const std::vector<unsigned> before = allowed_cpus();
  ASSERT_FALSE(before.empty());
  const std::vector<unsigned> one{before.back()};
  std::vector<unsigned> seen;
  std::thread([&] {
    ASSERT_TRUE(keep_this_thread_on(one));
    std::thread([&] { seen = allowed_cpus(); }).join();
  }).join();
  EXPECT_EQ(seen, one);
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(KeepThisThreadOn, RefusesNoCpusAndOnesThatDoNotExist) {
  const std::vector<unsigned> before = allowed_cpus();
  EXPECT_FALSE(keep_this_thread_on({}));
  const std::vector<unsigned> nowhere{1U << 20U};
  EXPECT_FALSE(keep_this_thread_on(nowhere));
  EXPECT_EQ(allowed_cpus(), before);
}

}  // namespace
}  // namespace assay
