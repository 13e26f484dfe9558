#include "advisor/cost/log_fit.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

const std::vector<Unknown> k_vague{{10.0, 10.0}, {10.0, 10.0}};
const std::vector<Term> k_two{{1.0, {0}}, {1.0, {1}}};

// Beliefs of a factor of e^10 against observations of 1e-3 move an exact fit by less than 1e-5.
TEST(LogFit, FindsTheSolutionOfAnExactSystem) {
  const auto fit = fit_terms(k_vague, k_two, {{{1.0, 2.0}, 8.0, 0.001}, {{3.0, 1.0}, 9.0, 0.001}});
  EXPECT_NEAR(fit.terms[0], 2.0, 1e-5);
  EXPECT_NEAR(fit.terms[1], 3.0, 1e-5);
}

// The second term would be -1; the best positive one is next to nothing.
TEST(LogFit, StaysPositive) {
  const auto fit = fit_terms(k_vague, k_two, {{{1.0, 0.0}, 2.0, 0.01}, {{1.0, 1.0}, 1.0, 0.01}});
  EXPECT_GT(fit.terms[1], 0.0);
  EXPECT_LT(fit.terms[1], 1e-3);
  EXPECT_NEAR(fit.terms[0], 1.5, 1e-2);
}

TEST(LogFit, WithoutObservationsTheBeliefsHold) {
  const auto fit = fit_terms({{1.0, 1.0}, {0.5, 0.5}}, {{2.0, {0}}, {5e-6, {1}}}, {});
  EXPECT_DOUBLE_EQ(fit.terms[0], 2.0);
  EXPECT_DOUBLE_EQ(fit.terms[1], 5e-6);
}

// One equation for two terms: the one that is less sure moves.
TEST(LogFit, TheLessCertainBeliefGivesWay) {
  const auto fit = fit_terms({{0.01, 0.01}, {1.0, 1.0}}, k_two, {{{1.0, 1.0}, 4.0, 0.001}});
  EXPECT_NEAR(fit.terms[0], 1.0, 0.01);
  EXPECT_NEAR(fit.terms[1], 3.0, 0.01);
}

// A belief of 0.4 that is wrong by a factor of 20 bends an observation of 3 % by
// ln(20) / 0.4^2 * 0.03^2 = 1.7 %.
TEST(LogFit, AWrongBeliefHardlyBendsAnObservation) {
  const auto slow = fit_terms({{0.4, 0.4}}, {{1.0, {0}}}, {{{1.0}, 20.0, 0.6}});
  EXPECT_NEAR(slow.terms[0] / 20.0, 1.0, 0.02);
  const auto fast = fit_terms({{0.4, 0.4}}, {{1.0, {0}}}, {{{1.0}, 0.05, 0.0015}});
  EXPECT_NEAR(fast.terms[0] / 0.05, 1.0, 0.02);
}

// Two terms that share an unknown: what is seen of one is known of the other.
TEST(LogFit, SharedUnknownsCarryOver) {
  const auto fit = fit_terms({{1.0, 1.0}}, {{1.0, {0}}, {5.0, {0}}}, {{{1.0, 0.0}, 3.0, 0.001}});
  EXPECT_NEAR(fit.terms[1], 15.0, 0.01);
}

TEST(LogFit, AFloorHoldsAgainstAnObservation) {
  const auto fit = fit_terms({{1.0, 1.0}}, {{1.0, {0}, 0.9}}, {{{1.0}, 0.3, 0.2}});
  EXPECT_GT(fit.terms[0], 0.8);
}

TEST(LogFit, BeliefsCanBeSurerToOneSide) {
  const std::vector<Unknown> unknown{{0.01, 1.0}};
  EXPECT_GT(fit_terms(unknown, {{1.0, {0}}}, {{{1.0}, 0.5, 0.05}}).terms[0], 0.95);
  EXPECT_NEAR(fit_terms(unknown, {{1.0, {0}}}, {{{1.0}, 2.0, 0.05}}).terms[0], 2.0, 0.01);
}

// Four observations of relative deviation 3 % leave 1.5 %, and a belief is what it was.
TEST(LogFit, SaysHowCertainEachTermIs) {
  const Observation once{{1.0, 0.0}, 2.0, 0.06};
  const auto fit = fit_terms({{10.0, 10.0}, {0.5, 0.5}}, k_two, {once, once, once, once});
  EXPECT_NEAR(fit.log_deviations[0], 0.015, 1e-4);
  EXPECT_NEAR(fit.log_deviations[1], 0.5, 1e-9);
}

}  // namespace
}  // namespace assay
