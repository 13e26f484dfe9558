#include "reports/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace assay {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

RunResult run_of(const std::string& workload, const std::string& model,
                 std::vector<double> decode) {
  RunResult run;
  run.workload = workload;
  run.model.id = model;
  run.model.format = "Q4_K_M";
  run.engine.isa = "avx2";
  run.engine.threads = 2;
  run.generated_tokens = 32;
  run.decode_tokens_per_second = describe(std::move(decode));
  return run;
}

Assessment document(std::string run_id, std::vector<RunResult> runs) {
  Assessment assessment;
  assessment.run_id = std::move(run_id);
  assessment.runs = std::move(runs);
  return assessment;
}

Comparison compare(const Assessment& base, const Assessment& fresh, CompareOptions options = {}) {
  return compare_results(base, std::vector<Assessment>{fresh}, options);
}

std::vector<double> scaled(std::vector<double> samples, double factor) {
  for (double& sample : samples) sample *= factor;
  return samples;
}

const std::vector<double> k_five{30.0, 30.3, 29.8, 30.1, 29.9};

TEST(Compare, FindsNoDifferenceBetweenAResultAndItself) {
  for (const std::size_t count : {1U, 2U, 5U}) {
    const std::vector<double> samples(k_five.begin(),
                                      k_five.begin() + static_cast<std::ptrdiff_t>(count));
    const Assessment base = document("a", {run_of("tg32", "dense-1b", samples)});
    const Comparison comparison = compare(base, base);
    EXPECT_EQ(comparison.verdict, ComparisonVerdict::no_difference) << count;
    EXPECT_THAT(comparison_text(comparison, false), HasSubstr("no difference: none of 1"));
  }
}

TEST(Compare, CallsTenPercentLessSlowerWithFiveSamples) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  const Assessment fresh = document("b", {run_of("tg32", "dense-1b", scaled(k_five, 0.9))});
  const Comparison slower = compare(base, fresh);
  EXPECT_EQ(slower.verdict, ComparisonVerdict::slower);
  const ComparedCell& cell = slower.documents.at(0).cells.at(0);
  EXPECT_NEAR(cell.ratio, 0.9, 1e-12);
  EXPECT_NEAR(cell.adjusted_p_value, 2.0 / 252, 1e-9);
  EXPECT_EQ(compare(fresh, base).verdict, ComparisonVerdict::faster);
}

TEST(Compare, CallsALaterFirstTokenSlower) {
  RunResult before = run_of("chat", "dense-1b", k_five);
  before.decode_tokens_per_second.reset();
  RunResult after = before;
  before.time_to_first_token_seconds = describe(k_five);
  after.time_to_first_token_seconds = describe(scaled(k_five, 1.1));
  EXPECT_EQ(compare(document("a", {before}), document("b", {after})).verdict,
            ComparisonVerdict::slower);
}

TEST(Compare, IgnoresWhatIsSignificantButBelowTheThreshold) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  const Assessment fresh = document("b", {run_of("tg32", "dense-1b", scaled(k_five, 0.98))});
  EXPECT_EQ(compare(base, fresh).verdict, ComparisonVerdict::no_difference);
  CompareOptions strict;
  strict.threshold_ratio = 0.005;
  EXPECT_EQ(compare(base, fresh, strict).verdict, ComparisonVerdict::slower);
}

TEST(Compare, SaysHowManySamplesItNeeds) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", {30.0, 30.2, 29.9})});
  const Assessment fresh = document("b", {run_of("tg32", "dense-1b", {20.0, 20.2, 19.9})});
  const Comparison comparison = compare(base, fresh);
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::cannot_tell);
  EXPECT_THAT(comparison.documents.at(0).cells.at(0).reason, HasSubstr("3+3, 5+5 would do"));
}

TEST(Compare, JudgesManySmallCellsTogether) {
  // Twelve cells of 5 + 5: Holm makes each 12 x 2 / 252 = 0.095, but together they are certain.
  std::vector<RunResult> before, after;
  for (int i = 0; i < 12; ++i) {
    before.push_back(run_of("tg32", "model-" + std::to_string(i), k_five));
    after.push_back(run_of("tg32", "model-" + std::to_string(i), scaled(k_five, 0.9)));
  }
  const Comparison comparison = compare(document("a", before), document("b", after));
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::slower);
  ASSERT_THAT(comparison.documents.at(0).cells, SizeIs(13));
  EXPECT_EQ(comparison.documents.at(0).cells.at(0).verdict, ComparisonVerdict::cannot_tell);
  EXPECT_FALSE(comparison.documents.at(0).cells.at(12).key);
  EXPECT_EQ(comparison.documents.at(0).cells.at(12).verdict, ComparisonVerdict::slower);
  // Unchanged, the same cells are told by that row, and each cell's silence is no gap.
  EXPECT_EQ(compare(document("a", before), document("c", before)).verdict,
            ComparisonVerdict::no_difference);
}

TEST(Compare, RefusesWhatHasNothingInCommon) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  Assessment fresh = document("b", {run_of("tg32", "dense-3b", k_five)});
  const Comparison comparison = compare(base, fresh);
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::cannot_tell);
  EXPECT_THAT(comparison.documents.at(0).only_in_base.at(0), HasSubstr("dense-1b"));
  fresh.runs.front().model.id = "dense-1b";
  fresh.runs.front().engine.threads = 4;
  EXPECT_EQ(compare(base, fresh).verdict, ComparisonVerdict::cannot_tell);
}

TEST(Compare, TellsButAllowsAnotherInstructionSet) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  Assessment fresh = base;
  fresh.run_id = "b";
  fresh.runs.front().engine.isa = "scalar";
  const Comparison comparison = compare(base, fresh);
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::no_difference);
  EXPECT_THAT(comparison_text(comparison, false), HasSubstr("avx2 -> scalar"));
}

TEST(Compare, TellsOfOtherNumerics) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  Assessment fresh = base;
  fresh.run_id = "b";
  fresh.runs.front().engine.isa = "avx512_bf16";
  fresh.runs.front().engine.numerics = "bfloat16-activations";
  const std::string text = comparison_text(compare(base, fresh), false);
  EXPECT_THAT(text, HasSubstr("instructions differ: avx2 -> avx512_bf16; numerics differ: "
                              "int8-activations -> bfloat16-activations"));
}

TEST(Compare, DoesNotTrustARunThatIsNotValid) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  Assessment fresh = base;
  fresh.runs.front().validity = Validity::invalid;
  fresh.runs.front().reasons = {"wrong output\x1b[2J"};
  const Comparison comparison = compare(base, fresh);
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::cannot_tell);
  const std::string text = comparison_text(comparison, false);
  EXPECT_THAT(text, HasSubstr("new is not valid: wrong output\\x1B[2J"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Compare, DoesNotPassARunThatLostItsSpeedsOrIsMissing) {
  const Assessment base =
      document("a", {run_of("tg32", "dense-1b", k_five), run_of("tg32", "dense-3b", k_five)});
  Assessment fresh = base;
  fresh.runs.front().validity = Validity::invalid;
  fresh.runs.front().reasons = {"wrong output"};
  fresh.runs.front().decode_tokens_per_second.reset();
  const Comparison comparison = compare(base, fresh);
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::cannot_tell);
  EXPECT_THAT(comparison_text(comparison, false), HasSubstr("new is not valid: wrong output"));
  EXPECT_TRUE(
      comparison_json(comparison)["documents"][0]["comparisons"][0]["new"]["median"].is_null());
  EXPECT_TRUE(comparison_json(comparison)["documents"][0]["comparisons"][0]["ratio"].is_null());
  Assessment both = base;
  both.runs.front() = fresh.runs.front();
  EXPECT_EQ(compare(both, fresh).verdict, ComparisonVerdict::cannot_tell);
  fresh.runs.erase(fresh.runs.begin());
  const Comparison missing = compare(base, fresh);
  EXPECT_EQ(missing.verdict, ComparisonVerdict::cannot_tell);
  EXPECT_EQ(missing.documents.front().why, "1 of the base's runs were not made");
}

TEST(Compare, TakesTheWorstOfSeveralDocuments) {
  const Assessment base = document("a", {run_of("tg32", "dense-1b", k_five)});
  const Assessment slow = document("b", {run_of("tg32", "dense-1b", scaled(k_five, 0.8))});
  const std::vector<Assessment> news{base, slow};
  const Comparison comparison = compare_results(base, news, {});
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::slower);
  EXPECT_EQ(comparison.documents.at(0).verdict, ComparisonVerdict::no_difference);
  EXPECT_EQ(comparison.documents.at(1).verdict, ComparisonVerdict::slower);
  const Json json = comparison_json(comparison);
  EXPECT_EQ(json["verdict"], "slower");
  EXPECT_EQ(json["documents"][1]["comparisons"][0]["base"]["n"], 5);
}

TEST(Compare, RoundTripsMetricNames) {
  for (const std::string& name : compared_metric_names()) {
    const auto metric = compared_metric_from_name(name);
    ASSERT_TRUE(metric);
    EXPECT_EQ(compared_metric_name(*metric), name);
  }
}

/// Noise of one sample relative to its rate, and how much of it the next sample inherits.
struct Noise {
  double deviation = 0.02;
  double drift = 0.0;
};

/// Rates with the noise of a shared machine: normal, and one value in twenty slowed by up to
/// several times that.
std::vector<double> simulated(std::mt19937_64& random, std::size_t count, double factor,
                              const Noise& noise = {}) {
  std::normal_distribution<double> normal(0.0, noise.deviation);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<double> samples;
  double deviation = normal(random);
  while (samples.size() < count) {
    deviation =
        noise.drift * deviation + std::sqrt(1.0 - noise.drift * noise.drift) * normal(random);
    double value = 1.0 + deviation;
    if (uniform(random) < 0.05) value -= 5.0 * std::abs(normal(random));
    samples.push_back(30.0 * factor * value);
  }
  return samples;
}

/// One bench document: decode and prefill rates and the first token of each of `cells` models.
Assessment simulated_document(std::mt19937_64& random, std::size_t samples, int cells,
                              double factor) {
  std::vector<RunResult> runs;
  for (int i = 0; i < cells; ++i) {
    RunResult run =
        run_of("chat", "model-" + std::to_string(i), simulated(random, samples, factor));
    run.prefill_tokens_per_second = describe(simulated(random, samples, factor));
    run.time_to_first_token_seconds = describe(simulated(random, samples, 1.0 / factor));
    runs.push_back(std::move(run));
  }
  return document(std::to_string(random()), std::move(runs));
}

constexpr int k_trials = 500;

/// How many of 500 comparisons of a base with a document of speed `factor` say anything but "no
/// difference".
int called(std::size_t samples, int cells, double factor, const CompareOptions& options = {}) {
  std::mt19937_64 random(20240601);
  int count = 0;
  for (int trial = 0; trial < k_trials; ++trial) {
    const Assessment base = simulated_document(random, samples, cells, 1.0);
    const Assessment fresh = simulated_document(random, samples, cells, factor);
    if (compare(base, fresh, options).verdict != ComparisonVerdict::no_difference) ++count;
  }
  return count;
}

// At most 2 % of 500 comparisons of equals may be called, one cell or a suite, five samples or ten.
TEST(CompareSimulation, RarelyCallsADifferenceBetweenEquals) {
  for (const std::size_t samples : {5U, 10U}) {
    for (const int cells : {1, 6}) {
      const int false_calls = called(samples, cells, 1.0);
      RecordProperty("false_calls_n" + std::to_string(samples) + "_cells" + std::to_string(cells),
                     false_calls);
      EXPECT_LE(false_calls, k_trials / 50) << samples << " samples, " << cells << " cells";
    }
  }
}

// One metric of one cell has all of the significance to itself: the least protected case.
TEST(CompareSimulation, RarelyCallsADifferenceInOneMetric) {
  CompareOptions decode_only;
  decode_only.metrics = {ComparedMetric::decode};
  for (const std::size_t samples : {5U, 10U}) {
    const int false_calls = called(samples, 1, 1.0, decode_only);
    RecordProperty("false_calls_one_metric_n" + std::to_string(samples), false_calls);
    EXPECT_LE(false_calls, k_trials / 50) << samples << " samples";
  }
}

/// How many of 500 pairs of equal decode rates are called when the noise drifts.
int called_under_drift(double deviation) {
  std::mt19937_64 random(20240602);
  const Noise noise{.deviation = deviation, .drift = 0.9};
  int count = 0;
  for (int trial = 0; trial < k_trials; ++trial) {
    const Assessment base = document("a", {run_of("tg32", "m", simulated(random, 10, 1.0, noise))});
    const Assessment fresh =
        document("b", {run_of("tg32", "m", simulated(random, 10, 1.0, noise))});
    if (compare(base, fresh).verdict != ComparisonVerdict::no_difference) ++count;
  }
  return count;
}

// Two sessions cannot be told from a change when the machine drifts between them: mild drift stays
// below the threshold, strong drift does not, and the documentation says so.
TEST(CompareSimulation, StaysQuietUnderMildDrift) {
  const int mild = called_under_drift(0.01);
  RecordProperty("drift_one_percent", mild);
  RecordProperty("drift_two_percent", called_under_drift(0.02));
  EXPECT_LE(mild, k_trials / 25);
}

// A slow-down of 5 % is found in at least 90 % of the trials with ten samples, one of 10 % with
// five.
TEST(CompareSimulation, FindsSlowDowns) {
  for (const int cells : {1, 6}) {
    const int at_ten = called(10, cells, 0.95);
    const int at_five = called(5, cells, 0.90);
    RecordProperty("five_percent_n10_cells" + std::to_string(cells), at_ten);
    RecordProperty("ten_percent_n5_cells" + std::to_string(cells), at_five);
    EXPECT_GE(at_ten, k_trials * 9 / 10) << cells << " cells";
    EXPECT_GE(at_five, k_trials * 9 / 10) << cells << " cells";
  }
}

}  // namespace
}  // namespace assay
