#include "advisor/accuracy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

/// Predicted 10 (8 to 12), so that `measured` gives the error.
Check check_with(double measured, const std::string& format = "Q4_K_M", std::uint64_t threads = 2) {
  Check check;
  check.model = "a model";
  check.format = format;
  check.threads = threads;
  check.predicted = {8.0, 10.0, 12.0, Origin::predicted, Basis::this_machine};
  check.measured = measured;
  return check;
}

// Errors 10 / 8 - 1 = 25 %, 10 / 10 - 1 = 0 and 10 / 16 - 1 = -37.5 %.
TEST(Accuracy, IsTheMedianAndTheWorstAbsoluteError) {
  const std::vector<Check> checks{check_with(8.0), check_with(10.0), check_with(16.0)};
  const Accuracy accuracy = accuracy_of(checks, 2);
  ASSERT_EQ(accuracy.unseen.size(), 1U);
  EXPECT_EQ(accuracy.unseen[0].checks, 3U);
  EXPECT_DOUBLE_EQ(accuracy.unseen[0].median_absolute_error_ratio, 0.25);
  EXPECT_DOUBLE_EQ(accuracy.unseen[0].worst_absolute_error_ratio, 0.375);
  EXPECT_DOUBLE_EQ(accuracy.unseen[0].coverage_ratio, 2.0 / 3.0);
}

TEST(Accuracy, ListsTheWorstFirst) {
  const std::vector<Check> checks{check_with(10.0), check_with(16.0), check_with(8.0)};
  const Accuracy accuracy = accuracy_of(checks, 2);
  ASSERT_EQ(accuracy.worst.size(), 2U);
  EXPECT_DOUBLE_EQ(accuracy.worst[0].measured, 16.0);
  EXPECT_DOUBLE_EQ(accuracy.worst[1].measured, 8.0);
}

TEST(Accuracy, CountsTheCalibrationsOwnCellsApart) {
  std::vector<Check> checks{check_with(10.0), check_with(20.0)};
  checks[1].seen = true;
  const Accuracy accuracy = accuracy_of(checks, 5);
  ASSERT_EQ(accuracy.unseen.size(), 1U);
  EXPECT_DOUBLE_EQ(accuracy.unseen[0].worst_absolute_error_ratio, 0.0);
  ASSERT_EQ(accuracy.seen.size(), 1U);
  EXPECT_DOUBLE_EQ(accuracy.seen[0].worst_absolute_error_ratio, 0.5);
  EXPECT_EQ(accuracy.worst.size(), 1U);
}

TEST(Accuracy, KeepsFiguresFormatsAndThreadsApart) {
  std::vector<Check> checks{check_with(10.0), check_with(8.0, "Q8_0"), check_with(10.0, "Q8_0", 1)};
  checks.push_back(check_with(9.0));
  checks.back().figure = CheckedFigure::first_token;
  const Accuracy accuracy = accuracy_of(checks, 5);
  EXPECT_EQ(accuracy.unseen.size(), 2U);      // decode, first token
  EXPECT_EQ(accuracy.by_format.size(), 3U);   // decode Q4_K_M, Q8_0; first token Q4_K_M
  EXPECT_EQ(accuracy.by_threads.size(), 3U);  // decode 1, 2; first token 2
}

TEST(Accuracy, MemoryIsNeitherOfAFormatNorOfThreads) {
  std::vector<Check> checks{check_with(10.0)};
  checks[0].figure = CheckedFigure::peak_memory;
  const Accuracy accuracy = accuracy_of(checks, 5);
  EXPECT_EQ(accuracy.unseen.size(), 1U);
  EXPECT_TRUE(accuracy.by_format.empty());
  EXPECT_TRUE(accuracy.worst.empty());
}

TEST(Accuracy, ShowsWhatIsLeftWhenTheDriftIsTakenOut) {
  std::vector<Check> checks{check_with(8.0)};
  EXPECT_FALSE(accuracy_of(checks, 5).unseen[0].median_absolute_error_ratio_at_same_limits);
  checks[0].conditions_ratio = 0.8;
  EXPECT_NEAR(*accuracy_of(checks, 5).unseen[0].median_absolute_error_ratio_at_same_limits, 0.0,
              1e-12);
}

TEST(Accuracy, OfNothingIsEmpty) {
  const Accuracy accuracy = accuracy_of({}, 5);
  EXPECT_TRUE(accuracy.unseen.empty());
  EXPECT_TRUE(accuracy_to_json(accuracy)["worst"].empty());
}

}  // namespace
}  // namespace assay
