#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "advisor/check.hpp"

namespace assay {

/// How far predictions of one figure were from what was measured.
struct ErrorSummary {
  CheckedFigure figure = CheckedFigure::decode;
  std::string of;  // a format, or a thread count; empty: all
  std::size_t checks = 0;
  double median_absolute_error_ratio = 0.0;
  double worst_absolute_error_ratio = 0.0;
  /// The median with the machine's drift taken out (error_ratio_at_same_limits); absent where no
  /// check knows the limits.
  std::optional<double> median_absolute_error_ratio_at_same_limits;
  double coverage_ratio = 0.0;  // share of measurements inside the predicted interval
};

/// The running error of one machine. Checks of cells that the calibration itself was made from are
/// summed up apart: they show how the machine drifts, not whether the model is right.
struct Accuracy {
  std::vector<ErrorSummary> unseen;
  std::vector<ErrorSummary> seen;
  std::vector<ErrorSummary> by_format;   // unseen
  std::vector<ErrorSummary> by_threads;  // unseen
  std::vector<Check> worst;              // unseen rates, the largest error first
};

/// Sums up checks; each list holds only figures that were checked. `worst` bounds its list.
Accuracy accuracy_of(std::span<const Check> checks, std::size_t worst);

Json accuracy_to_json(const Accuracy& accuracy);

}  // namespace assay
