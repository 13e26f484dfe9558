#include "advisor/cost/fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "workloads/statistic.hpp"

namespace assay {
namespace {

void add_formats(const std::vector<WeightFormat>& formats,
                 const std::map<WeightFormat, double>& amounts, std::vector<double>& row) {
  for (const WeightFormat format : formats) {
    const auto found = amounts.find(format);
    row.push_back(found == amounts.end() ? 0.0 : found->second);
  }
}

}  // namespace

Columns columns_of(const std::vector<Work>& works) {
  std::set<WeightFormat> dense;
  std::set<WeightFormat> experts;
  for (const Work& work : works) {
    for (const auto& [format, amount] : work.dense) dense.insert(format);
    for (const auto& [format, amount] : work.experts) experts.insert(format);
  }
  return {{dense.begin(), dense.end()}, {experts.begin(), experts.end()}};
}

Observation observation_of(const Columns& columns, const Work& work,
                           const std::vector<double>& fixed, double seconds, double spread) {
  // A run is trusted to its own spread, and never beyond 3 %: what its median moves by from one
  // minute to the next.
  constexpr double k_least_noise = 0.03;
  Observation observation;
  add_formats(columns.dense, work.dense, observation.coefficients);
  add_formats(columns.experts, work.experts, observation.coefficients);
  observation.coefficients.insert(observation.coefficients.end(), fixed.begin(), fixed.end());
  observation.value = seconds;
  observation.sigma = seconds * std::max(spread, k_least_noise);
  return observation;
}

double interval_of(const std::vector<Observation>& observations, const std::vector<double>& fitted,
                   double run_spread, double least) {
  double squares = 0.0;
  for (const Observation& observation : observations) {
    double value = 0.0;
    for (std::size_t i = 0; i < fitted.size(); ++i) {
      value += observation.coefficients[i] * fitted[i];
    }
    const double relative = value / observation.value - 1.0;
    squares += relative * relative;
  }
  const double residual = squares / static_cast<double>(observations.size());
  return std::max(least, 2.0 * std::sqrt(residual + run_spread * run_spread));
}

double median_of(std::vector<double> values) {
  return values.empty() ? 0.0 : describe(std::move(values)).median;
}

}  // namespace assay
