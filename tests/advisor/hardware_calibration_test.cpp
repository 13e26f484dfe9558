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

/// What the two constants of a GPU's token multiply: seconds at the whole bandwidth, and layers.
struct DecodeRow {
  double seconds;
  double layers;
  double measured;
};

std::vector<DecodeRow> decode_rows() {
  const HardwareTable table = builtin_hardware().value();
  const Catalogue catalogue = builtin_catalogue().value();
  const Json json =
      read_json_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/speeds/published.json").value();
  std::vector<DecodeRow> rows;
  for (const Json& row : json["rows"]) {
    if (row["device"] != "gpu") continue;
    const CatalogueEntry* entry = catalogue.find(row["model"].get<std::string>());
    const auto recipe = recipe_from_name(row["format"].get<std::string>());
    const TensorPlan plan = tensor_plan(entry->spec, recipe.value()).value();
    const Footprint size = footprint(entry->spec, plan, SessionShape{});
    const double bytes = static_cast<double>(size.weights_per_token.value) +
                         128.0 * static_cast<double>(size.cache_read_per_position.value);
    rows.push_back(
        {bytes / hardware_of(table, row["machine"], true).gpu->bandwidth_bytes_per_second,
         static_cast<double>(entry->spec.layers.size()), row["tokens_per_second"]});
  }
  return rows;
}

struct Constants {
  double per_second;  // over one: the share of the bandwidth
  double per_layer;
};

double rate_by(const DecodeRow& row, const Constants& constants) {
  return 1.0 / (constants.per_second * row.seconds + constants.per_layer * row.layers);
}

/// The least absolute relative error, by reweighted least squares (as bench/profile_accuracy.py).
Constants refit(const std::vector<DecodeRow>& rows) {
  std::vector<double> weights(rows.size(), 1.0);
  Constants found{1.0, 0.0};
  constexpr int k_rounds = 50;
  for (int round = 0; round < k_rounds; ++round) {
    double xx = 0.0;
    double xy = 0.0;
    double yy = 0.0;
    double x = 0.0;
    double y = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double first = rows[i].seconds * rows[i].measured;
      const double second = rows[i].layers * rows[i].measured;
      xx += weights[i] * first * first;
      xy += weights[i] * first * second;
      yy += weights[i] * second * second;
      x += weights[i] * first;
      y += weights[i] * second;
    }
    const double determinant = xx * yy - xy * xy;
    found = {(x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double error = std::abs(rows[i].measured / rate_by(rows[i], found) - 1.0);
      weights[i] = 1.0 / std::max(0.02, error);
    }
  }
  return found;
}

TEST(HardwareCalibration, TheConstantsOfGpusAreTheFitOfThePublishedSpeeds) {
  const Constants found = refit(decode_rows());
  GraphicsCard card;
  card.bandwidth_bytes_per_second = 1e9;
  const Calibration calibration = calibration_of_hardware({.gpu = &card}).value();
  // Two digits are kept of each.
  EXPECT_NEAR(calibration.dense.front().decode_efficiency, 1.0 / found.per_second, 0.005);
  EXPECT_NEAR(calibration.seconds_per_layer, found.per_layer, 0.6e-6);
}

TEST(HardwareCalibration, TheIntervalOfGpusIsWhereNineInTenPublishedSpeedsLie) {
  const std::vector<DecodeRow> rows = decode_rows();
  const Constants found = refit(rows);
  // Of the share of the bandwidth, the time of the layers apart.
  std::vector<double> shares;
  for (const DecodeRow& row : rows) {
    const double reading = 1.0 / row.measured - found.per_layer * row.layers;
    if (reading > 0.0) shares.push_back(found.per_second * row.seconds / reading);
  }
  std::ranges::sort(shares);
  const std::size_t edge = rows.size() / 20;
  GraphicsCard card;
  card.bandwidth_bytes_per_second = 1e9;
  const Calibration calibration = calibration_of_hardware({.gpu = &card}).value();
  EXPECT_NEAR(calibration.read_bandwidth_low / 1e9, shares[edge], 0.05);
  EXPECT_NEAR(calibration.read_bandwidth_high / 1e9, shares[shares.size() - 1 - edge], 0.10);
}

/// A published prompt rate.
struct PromptRow {
  double measured;
  Estimate predicted;
  bool tensor_cores;
};

std::vector<PromptRow> prompt_rows() {
  const HardwareTable table = builtin_hardware().value();
  const Catalogue catalogue = builtin_catalogue().value();
  const Json json =
      read_json_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/speeds/prefill.json").value();
  std::vector<PromptRow> rows;
  for (const Json& row : json["rows"]) {
    const CatalogueEntry* entry = catalogue.find(row["model"].get<std::string>());
    const NamedHardware hardware = hardware_of(table, row["machine"], true);
    Question question;
    question.spec = entry->spec;
    question.plan =
        tensor_plan(entry->spec, recipe_from_name(row["format"].get<std::string>()).value())
            .value();
    question.prompt_tokens = row["prompt_tokens"];
    rows.push_back({row["tokens_per_second"],
                    predict(question, calibration_of_hardware(hardware).value(),
                            Fact<Bytes>::unknown("not asked"))
                        .prefill_tokens_per_second,
                    hardware.gpu->tensor_cores});
  }
  return rows;
}

TEST(HardwareCalibration, ThePromptSharesAreTheMediansOfThePublishedSpeeds) {
  for (const bool tensor_cores : {true, false}) {
    std::vector<double> ratios;
    for (const PromptRow& row : prompt_rows()) {
      if (row.tensor_cores == tensor_cores) ratios.push_back(row.predicted.expected / row.measured);
    }
    ASSERT_GT(ratios.size(), 4U);
    // Two digits are kept of each share.
    EXPECT_NEAR(median(ratios), 1.0, 0.05) << tensor_cores;
  }
}

TEST(HardwareCalibration, PublishedPromptSpeedsOfGpusAreInsideTheInterval) {
  const std::vector<PromptRow> rows = prompt_rows();
  const auto inside = std::ranges::count_if(rows, [](const PromptRow& row) {
    return row.predicted.low <= row.measured && row.measured <= row.predicted.high;
  });
  EXPECT_GE(static_cast<double>(inside), 0.85 * static_cast<double>(rows.size()));
}

TEST(HardwareCalibration, PrefillIsUnknownWhereTheArithmeticOrWhatIsReachedOfItIs) {
  const HardwareTable table = builtin_hardware().value();
  for (const char* name : {"RX 7900 XTX", "GTX 1080", "Arc A770", "Raspberry Pi 4"}) {
    const auto found = find_hardware(table, name);
    ASSERT_TRUE(found) << name;
    const auto calibration = calibration_of_hardware(*found);
    ASSERT_TRUE(calibration);
    EXPECT_EQ(calibration->basis, Basis::profile);
    for (const FormatRate& rate : calibration->dense) {
      EXPECT_EQ(rate.prefill_flops_per_second, 0.0) << name;
    }
  }
}

// Other engines than the reference one on three processors: what they reach is inside the interval,
// and none of them much faster than is expected of the reference engine.
TEST(HardwareCalibration, PublishedPromptSpeedsOfProcessorsAreInsideTheInterval) {
  const HardwareTable table = builtin_hardware().value();
  const Catalogue catalogue = builtin_catalogue().value();
  const Json json =
      read_json_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/speeds/prefill_cpu.json").value();
  std::size_t inside = 0;
  for (const Json& row : json["rows"]) {
    Question question;
    question.spec = catalogue.find(row["model"].get<std::string>())->spec;
    question.plan =
        tensor_plan(question.spec, recipe_from_name(row["format"].get<std::string>()).value())
            .value();
    question.prompt_tokens = row["prompt_tokens"];
    const NamedHardware hardware = hardware_of(table, row["machine"], false);
    const Estimate predicted = predict(question, calibration_of_hardware(hardware).value(),
                                       Fact<Bytes>::unknown("not asked"))
                                   .prefill_tokens_per_second;
    const double measured = row["tokens_per_second"];
    if (predicted.low <= measured && measured <= predicted.high) ++inside;
  }
  EXPECT_GE(static_cast<double>(inside), 0.85 * static_cast<double>(json["rows"].size()));
}

// Scores of attention are shared among the cores.
TEST(HardwareCalibration, AProcessorWorksWithAllOfItsCores) {
  const HardwareTable table = builtin_hardware().value();
  const auto found = find_hardware(table, "Ryzen 7 7840HS").value();
  ASSERT_EQ(found.processor->cores, 8U);
  const Calibration eight = calibration_of_hardware(found).value();
  Processor unknown = *found.processor;
  unknown.cores.reset();
  const Calibration one = calibration_of_hardware({.processor = &unknown}).value();
  EXPECT_DOUBLE_EQ(eight.seconds_per_score, one.seconds_per_score / 8.0);
  // How many cores read a prompt is not told then.
  EXPECT_GT(eight.dense.front().prefill_flops_per_second, 0.0);
  EXPECT_EQ(one.dense.front().prefill_flops_per_second, 0.0);
}

TEST(HardwareCalibration, WhatAProcessorWasSeenToReadHasBothEnds) {
  Processor processor;
  processor.name = "one";
  processor.reached_bytes_per_second = 100e9;
  const auto measured = calibration_of_hardware({.processor = &processor});
  ASSERT_TRUE(measured);
  // Another way of measuring and slower memory below; another way of measuring above.
  EXPECT_NEAR(measured->read_bandwidth_low, 100e9 * (4.84 / 5.56) * (4800.0 / 5600.0), 1e6);
  EXPECT_NEAR(measured->read_bandwidth_high, 100e9 * 125.6 / 108.6, 1e6);
  processor.is_lower_bound = true;
  const auto at_least = calibration_of_hardware({.processor = &processor});
  ASSERT_TRUE(at_least);
  EXPECT_DOUBLE_EQ(measured->read_bandwidth_bytes_per_second, 100e9);
  EXPECT_DOUBLE_EQ(at_least->read_bandwidth_bytes_per_second, 100e9 / 0.875);
  EXPECT_EQ(at_least->read_bandwidth_low, measured->read_bandwidth_low);
  EXPECT_NEAR(at_least->read_bandwidth_high, measured->read_bandwidth_high / 0.84, 1e6);
}

}  // namespace
}  // namespace assay
