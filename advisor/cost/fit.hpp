#pragma once

#include <cstddef>
#include <vector>

#include "advisor/cost/least_squares.hpp"
#include "advisor/cost/work.hpp"

namespace assay {

/// The unknowns of a fit: one for each format of dense and of expert matrices, fixed costs behind
/// them.
struct Columns {
  std::vector<WeightFormat> dense;
  std::vector<WeightFormat> experts;
  [[nodiscard]] std::size_t expert_at() const { return dense.size(); }
  [[nodiscard]] std::size_t fixed_at() const { return dense.size() + experts.size(); }
};

struct Fit {
  Columns columns;
  std::vector<double> unknowns;  // seconds per byte or per operation, then the fixed costs
  double interval = 0.0;         // relative, to both sides
};

/// Every format that one of the works has.
Columns columns_of(const std::vector<Work>& works);

/// The equation of one run: its work in the order of the columns, then the amounts of the fixed
/// costs.
Observation observation_of(const Columns& columns, const Work& work,
                           const std::vector<double>& fixed, double seconds, double spread);

/// Half the width of an interval, relative: what the fit leaves unexplained and the runs' own
/// spread together, and at least `least`.
double interval_of(const std::vector<Observation>& observations, const std::vector<double>& fitted,
                   double run_spread, double least);

/// 0 without values.
double median_of(std::vector<double> values);

}  // namespace assay
