#include "advisor/cost/least_squares.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

const std::vector<Belief> k_vague{{1.0, 1e3}, {1.0, 1e3}};

// Beliefs a thousand times wider than their means move an exact fit by less than 1e-6.
TEST(LeastSquares, FindsTheSolutionOfAnExactSystem) {
  const auto x = fit_non_negative(k_vague, {{{1.0, 2.0}, 8.0, 0.01}, {{3.0, 1.0}, 9.0, 0.01}});
  EXPECT_NEAR(x[0], 2.0, 1e-4);
  EXPECT_NEAR(x[1], 3.0, 1e-4);
}

TEST(LeastSquares, NeverGoesBelowZero) {
  const auto x = fit_non_negative(k_vague, {{{1.0, 0.0}, 2.0, 0.01}, {{1.0, 1.0}, 1.0, 0.01}});
  EXPECT_EQ(x[1], 0.0);
  EXPECT_NEAR(x[0], 1.5, 1e-3);
}

TEST(LeastSquares, WithoutObservationsTheBeliefsHold) {
  const auto x = fit_non_negative({{2.0, 1.0}, {5e-6, 1e-6}}, {});
  EXPECT_DOUBLE_EQ(x[0], 2.0);
  EXPECT_DOUBLE_EQ(x[1], 5e-6);
}

// One equation for two unknowns: the one that is less sure moves.
TEST(LeastSquares, TheLessCertainBeliefGivesWay) {
  const auto x = fit_non_negative({{1.0, 0.01}, {1.0, 1.0}}, {{{1.0, 1.0}, 4.0, 0.001}});
  EXPECT_NEAR(x[0], 1.0, 0.01);
  EXPECT_NEAR(x[1], 3.0, 0.01);
}

}  // namespace
}  // namespace assay
