#include "advisor/system_memory.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(SystemMemory, TheSystemKeepsFourGigabytesOrHalf) {
  EXPECT_EQ(memory_beside_system(gibibytes(32)), gibibytes(28));
  EXPECT_EQ(memory_beside_system(gibibytes(8)), gibibytes(4));
  EXPECT_EQ(memory_beside_system(gibibytes(4)), gibibytes(2));
  EXPECT_EQ(memory_beside_system(Bytes()), Bytes());
}

}  // namespace
}  // namespace assay
