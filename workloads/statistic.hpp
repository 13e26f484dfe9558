#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace assay {

/// Samples of one quantity and what they say. The samples are kept: everything else follows from
/// them.
struct Statistic {
  double median = 0.0;
  double mad = 0.0;  // median absolute deviation
  struct Interval {
    double low = 0.0;
    double high = 0.0;
  };
  /// Order-statistic interval of the median with at least 95 % coverage; absent below 6 samples.
  std::optional<Interval> ci95;
  double minimum = 0.0;
  double maximum = 0.0;
  std::vector<double> samples;
};

/// Requires at least one finite sample.
Statistic describe(std::vector<double> samples);
/// Linear interpolation between the order statistics, 0 <= p <= 1. Requires a non-empty span.
double percentile(std::span<const double> samples, double p);

/// Coefficient of variation from the MAD: 1.4826 * mad / median, which outliers do not move.
double variation_ratio(const Statistic& statistic);
/// Half the width of ci95 as a share of the median; absent where there is no interval.
std::optional<double> half_width_ratio(const Statistic& statistic);

}  // namespace assay
