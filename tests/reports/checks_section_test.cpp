#include <gmock/gmock.h>

#include "reports/checks_text.hpp"
#include "reports/document.hpp"
#include "reports/metrics.hpp"
#include "sample_assessment.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Predicted 10 (8 to 12) tokens a second.
Check check_with(double measured, const std::string& model = "qwen3-4b") {
  Check check;
  check.model = model;
  check.format = "Q4_K_M";
  check.layers = 36;
  check.full_layers = 36;
  check.threads = 2;
  check.predicted = {8.0, 10.0, 12.0, Origin::predicted, Basis::this_machine};
  check.measured = measured;
  return check;
}

std::string text_of(std::vector<Check> checks) {
  Assessment assessment;
  assessment.checks = std::move(checks);
  return render_checks(assessment, {});
}

TEST(ChecksText, ShowsPredictedBesideMeasured) {
  const std::string text = text_of({check_with(9.0)});
  EXPECT_THAT(text, HasSubstr("10.0 (8.00-12.0)"));
  EXPECT_THAT(text, HasSubstr("9.00"));
  EXPECT_THAT(text, HasSubstr("+11.1 %"));
  EXPECT_THAT(text, HasSubstr("yes"));
}

TEST(ChecksText, SaysWhatMayExplainAMeasurementOutsideTheInterval) {
  Check check = check_with(20.0);
  check.reasons = {"memory bandwidth was 2.00 of what it was when calibrated"};
  EXPECT_THAT(text_of({check}), HasSubstr("memory bandwidth was 2.00"));
  check.measured = 11.0;
  EXPECT_THAT(text_of({check}), Not(HasSubstr("memory bandwidth was 2.00")));
}

TEST(ChecksText, ASliceIsMarked) {
  Check check = check_with(9.0);
  check.layers = 12;
  EXPECT_THAT(text_of({check}), HasSubstr("12/36 layers"));
}

TEST(ChecksText, TheCalibrationsOwnCellsAreALineNotATable) {
  Check seen = check_with(9.0, "dense-1b");
  seen.seen = true;
  const std::string text = text_of({seen});
  EXPECT_THAT(text, Not(HasSubstr("dense-1b")));
  EXPECT_THAT(text, HasSubstr("drift"));
  EXPECT_THAT(text, HasSubstr("11.1 %"));
}

TEST(ChecksText, OfNothingIsEmpty) { EXPECT_THAT(text_of({}), IsEmpty()); }

TEST(ChecksText, ANameFromOutsideIsPrintable) {
  EXPECT_THAT(text_of({check_with(9.0, "evil\x1b[2J")}), Not(HasSubstr("\x1b")));
}

TEST(AccuracyText, ShowsErrorsByFigureFormatAndThreads) {
  const std::vector<Check> checks{check_with(9.0), check_with(20.0)};
  const std::string text = render_accuracy(accuracy_of(checks, 1), {});
  EXPECT_THAT(text, HasSubstr("By format"));
  EXPECT_THAT(text, HasSubstr("By threads"));
  EXPECT_THAT(text, HasSubstr("Furthest off"));
  EXPECT_THAT(text, HasSubstr("50.0 %"));  // the worst: 10 predicted, 20 measured; and the coverage
}

TEST(Document, KeepsChecks) {
  Assessment assessment = sample_assessment();
  assessment.checks = {check_with(9.0)};
  assessment.checks[0].conditions_ratio = 0.9;
  const Json document = document_from(assessment);
  const auto back = read_document(document, "sample");
  ASSERT_TRUE(back) << back.error().text();
  ASSERT_EQ(back->checks.size(), 1U);
  EXPECT_EQ(document_from(*back).dump(), document.dump());
}

TEST(Document, RefusesABrokenCheckByItsPlace) {
  Assessment assessment = sample_assessment();
  assessment.checks = {check_with(9.0)};
  Json document = document_from(assessment);
  document["checks"][0]["measured"] = -1.0;
  const auto read = read_document(document, "sample");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text(), HasSubstr("/checks/0/measured"));
}

TEST(MetricsText, HasTheErrorOfCheckedPredictions) {
  MetricInput input{{}, sample_assessment(), {}};
  EXPECT_THAT(metrics_text(input), Not(HasSubstr("assay_prediction_error_ratio{")));
  input.assessment->checks = {check_with(8.0)};
  EXPECT_THAT(metrics_text(input),
              HasSubstr(R"(assay_prediction_error_ratio{figure="decode_tokens_per_second"} 0.25)"));
}

}  // namespace
}  // namespace assay
