#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "workloads/run_result.hpp"

namespace assay {

enum class CheckedFigure { decode, first_token, peak_memory };
/// With the unit: "decode_tokens_per_second".
std::string_view checked_figure_name(CheckedFigure figure);
std::optional<CheckedFigure> checked_figure_from_name(std::string_view name);

/// A prediction that was made before a measurement, beside what was measured.
struct Check {
  CheckedFigure figure = CheckedFigure::decode;
  std::string model;
  std::string format;
  std::uint64_t layers = 0;       // that were run
  std::uint64_t full_layers = 0;  // more than `layers`: a slice was run
  std::uint64_t threads = 1;
  std::uint64_t depth = 0;          // of decode: the mean depth of the run
  std::uint64_t prompt_tokens = 0;  // of the first token
  Estimate predicted;
  double measured = 0.0;
  std::string calibration;  // the run that the prediction rests on; empty: it needs none
  bool seen = false;  // that run holds the same cell: no test of the model, but of the machine
  /// The machine's limit (memory bandwidth for decode, arithmetic for the first token) beside this
  /// measurement, over what it was when calibrated; absent when one of them is not known.
  std::optional<double> conditions_ratio;
  std::vector<std::string> reasons;  // what may explain an error
};

/// predicted / measured - 1: positive when too much was predicted.
double error_ratio(const Check& check);
/// The same as if the limit had been, when calibrated, what it was beside the measurement: what is
/// left is the model's own error. The raw error where the limits are not known.
double error_ratio_at_same_limits(const Check& check);
/// Whether the measurement lies in the predicted interval.
bool is_within(const Check& check);

/// What was known of a machine before a measurement.
struct PriorKnowledge {
  Calibration calibration;  // its origin names the result
  MicroResults micro;       // limits of that result
  std::vector<RunResult> runs;
};

/// Predictions of a run's figures, made from what was known before it, beside the figures. `spec`
/// and `plan` are what was run, a slice as a slice; `now` are the limits measured beside it. Peak
/// memory needs no calibration. Rates are left out without one, and where it holds for other
/// kernels, numerics or threads. An invalid run has no figures to check.
std::vector<Check> check_run(const RunResult& run, const ModelSpec& spec, const TensorPlan& plan,
                             const std::optional<PriorKnowledge>& prior, const MicroResults& now);

/// A member of checks[] of the result document; nothing for a figure that this version does not
/// know. Errors: refused_input, naming the field.
Json check_to_json(const Check& check);
Result<std::optional<Check>> check_from_json(const JsonFields& fields);

}  // namespace assay
