#pragma once

#include <cstddef>
#include <vector>

#include "advisor/cost/log_fit.hpp"
#include "advisor/cost/work.hpp"

namespace assay {

/// The formats that runs have: one term of a fit each, dense matrices first, then experts, then the
/// fixed costs.
struct Columns {
  std::vector<WeightFormat> dense;
  std::vector<WeightFormat> experts;
  [[nodiscard]] std::size_t expert_at() const { return dense.size(); }
  [[nodiscard]] std::size_t fixed_at() const { return dense.size() + experts.size(); }
};

/// Every format that one of the works has.
Columns columns_of(const std::vector<Work>& works);

/// A fixed cost: what is believed of it.
struct FixedCost {
  double mean = 0.0;
  double log_sigma = 0.0;
};

/// How sure beliefs are of one format about the engine, and of experts about dense matrices, as
/// deviations of logarithms.
inline constexpr double k_format_width = 0.3;
/// The same where the format's kernels were timed on the machine.
inline constexpr double k_timed_format_width = 0.1;
inline constexpr double k_experts_width = 0.3;

/// What is believed of the costs of matrices and of the fixed ones.
struct CostBeliefs {
  std::vector<double> dense;  // per unit of work, in the order of the columns
  std::vector<double> experts;
  double floor = 0.0;          // least cost of a unit of work; 0: none
  double engine_faster = 0.0;  // log sigmas of the engine as a whole, to either side
  double engine_slower = 0.0;
  double format = 0.0;       // of one format about the engine, for dense and experts alike
  double experts_all = 0.0;  // of all experts about the dense matrices
  std::vector<FixedCost> fixed;
};

struct Fit {
  Columns columns;
  std::vector<double> costs;      // seconds per byte or per operation, then the fixed ones
  std::vector<double> intervals;  // of each, relative, to both sides
};

/// The equation of one run: its work in the order of the columns, then the amounts of the fixed
/// costs.
Observation observation_of(const Columns& columns, const Work& work,
                           const std::vector<double>& fixed, double seconds, double spread);

/// The costs that fit runs and beliefs: a matrix's cost is its belief times factors of the engine,
/// of its format, and of experts, so that what a format costs in one kind says what it costs in the
/// other. No interval is below `least`.
Fit fit_costs(const Columns& columns, const CostBeliefs& beliefs,
              const std::vector<Observation>& observations, double least);

/// 0 without values.
double median_of(std::vector<double> values);

}  // namespace assay
