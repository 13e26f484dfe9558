#include "advisor/hardware_calibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "advisor/catalogue.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

/// A published speed, and what is predicted of it.
struct Row {
  double measured;
  Estimate predicted;
  double one_constant;  // what the usual formula says
  double parameters;
};

NamedHardware hardware_of(const HardwareTable& table, const std::string& name, bool is_gpu) {
  NamedHardware found;
  const auto gpu = std::ranges::find(table.gpus, name, &GraphicsCard::name);
  const auto processor = std::ranges::find(table.processors, name, &Processor::name);
  if (is_gpu && gpu != table.gpus.end()) found.gpu = &*gpu;
  if (!is_gpu && processor != table.processors.end()) found.processor = &*processor;
  return found;
}

/// 0.55 x bandwidth / (active parameters x bytes of a weight); llmfit-core/src/fit.rs.
double one_constant(const NamedHardware& hardware, double active, const std::string& format) {
  const double bytes = format == "F16" || format == "BF16" ? 2.0 : format == "Q8_0" ? 1.0 : 0.5;
  return 0.55 * hardware.gpu->bandwidth_bytes_per_second / (active * bytes);
}

/// Rows of GPUs, or of processors.
std::vector<Row> published(bool gpus) {
  const HardwareTable table = builtin_hardware().value();
  const Catalogue catalogue = builtin_catalogue().value();
  const Json json =
      read_json_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/speeds/published.json").value();
  std::vector<Row> rows;
  for (const Json& row : json["rows"]) {
    if ((row["device"] == "gpu") != gpus) continue;
    const CatalogueEntry* entry = catalogue.find(row["model"].get<std::string>());
    const auto recipe = recipe_from_name(row["format"].get<std::string>());
    const NamedHardware hardware = hardware_of(table, row["machine"], gpus);
    EXPECT_TRUE(entry != nullptr && recipe && (hardware.gpu || hardware.processor)) << row;
    Question question;
    question.spec = entry->spec;
    question.plan = tensor_plan(entry->spec, *recipe).value();
    question.depth = 128;
    question.prompt_tokens = 0;
    const Prediction predicted = predict(question, calibration_of_hardware(hardware).value(),
                                         Fact<Bytes>::unknown("not asked"));
    rows.push_back(
        {row["tokens_per_second"], predicted.decode_tokens_per_second,
         gpus ? one_constant(hardware, static_cast<double>(question.plan.active_parameters()),
                             row["format"])
              : 0.0,
         static_cast<double>(question.plan.parameters())});
  }
  return rows;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

template <typename Predicted>
double median_error(const std::vector<Row>& rows, Predicted predicted) {
  std::vector<double> errors;
  for (const Row& row : rows) errors.push_back(std::abs(predicted(row) / row.measured - 1.0));
  return median(std::move(errors));
}

double share_inside(const std::vector<Row>& rows) {
  const auto inside = std::ranges::count_if(rows, [](const Row& row) {
    return row.predicted.low <= row.measured && row.measured <= row.predicted.high;
  });
  return static_cast<double>(inside) / static_cast<double>(rows.size());
}

TEST(HardwareCalibration, PublishedSpeedsOfGpusAreWithinTheBars) {
  const std::vector<Row> rows = published(true);
  ASSERT_GT(rows.size(), 150U);
  const auto own = [](const Row& row) { return row.predicted.expected; };
  EXPECT_LE(median_error(rows, own), 0.15);
  EXPECT_GE(share_inside(rows), 0.85);
}

TEST(HardwareCalibration, OneConstantIsFurtherOffAndFurthestForSmallModels) {
  const std::vector<Row> rows = published(true);
  const auto own = [](const Row& row) { return row.predicted.expected; };
  const auto other = [](const Row& row) { return row.one_constant; };
  EXPECT_GT(median_error(rows, other), 1.5 * median_error(rows, own));
  std::vector<Row> small;
  for (const Row& row : rows) {
    if (row.parameters < 2.5e9) small.push_back(row);
  }
  ASSERT_GT(small.size(), 25U);
  EXPECT_GT(median_error(small, other), 3.0 * median_error(small, own));
}

TEST(HardwareCalibration, PublishedSpeedsOfProcessorsAreInsideTheInterval) {
  const std::vector<Row> rows = published(false);
  ASSERT_GT(rows.size(), 60U);
  EXPECT_GE(share_inside(rows), 0.85);
}

TEST(HardwareCalibration, PrefillStaysUnknown) {
  const HardwareTable table = builtin_hardware().value();
  const auto found = find_hardware(table, "RTX 4060");
  ASSERT_TRUE(found);
  const auto calibration = calibration_of_hardware(*found);
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->basis, Basis::profile);
  for (const FormatRate& rate : calibration->dense) EXPECT_EQ(rate.prefill_flops_per_second, 0.0);
}

}  // namespace
}  // namespace assay
