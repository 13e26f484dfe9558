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

/// Deviations in an interval to one side: nine cases in ten for a normal distribution.
constexpr double k_deviations = 1.64;

double mean_square_residual(const std::vector<Observation>& observations,
                            const std::vector<double>& fitted) {
  double squares = 0.0;
  for (const Observation& observation : observations) {
    double value = 0.0;
    for (std::size_t i = 0; i < fitted.size(); ++i) {
      value += observation.coefficients[i] * fitted[i];
    }
    const double relative = value / observation.value - 1.0;
    squares += relative * relative;
  }
  return squares / static_cast<double>(observations.size());
}

struct Structure {
  std::vector<Unknown> unknowns;
  std::vector<Term> terms;
};

/// Unknowns: the engine, experts, one for each format, one for each fixed cost.
Structure structure_of(const Columns& columns, const CostBeliefs& beliefs) {
  constexpr std::size_t k_engine = 0;
  constexpr std::size_t k_experts = 1;
  Structure structure;
  structure.unknowns = {{beliefs.engine_faster, beliefs.engine_slower},
                        {beliefs.experts_all, beliefs.experts_all}};
  std::map<WeightFormat, std::size_t> format_at;
  const auto format_unknown = [&](WeightFormat format) {
    const auto [found, is_new] = format_at.try_emplace(format, structure.unknowns.size());
    if (is_new) structure.unknowns.push_back({beliefs.format, beliefs.format});
    return found->second;
  };
  for (std::size_t i = 0; i < columns.dense.size(); ++i) {
    structure.terms.push_back(
        {beliefs.dense[i], {k_engine, format_unknown(columns.dense[i])}, beliefs.floor});
  }
  for (std::size_t i = 0; i < columns.experts.size(); ++i) {
    structure.terms.push_back({beliefs.experts[i],
                               {k_engine, k_experts, format_unknown(columns.experts[i])},
                               beliefs.floor});
  }
  for (const FixedCost& fixed : beliefs.fixed) {
    structure.terms.push_back({fixed.mean, {structure.unknowns.size()}, 0.0});
    structure.unknowns.push_back({fixed.log_sigma, fixed.log_sigma});
  }
  return structure;
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

Fit fit_costs(const Columns& columns, const CostBeliefs& beliefs,
              const std::vector<Observation>& observations, double least) {
  const Structure structure = structure_of(columns, beliefs);
  LogFit found = fit_terms(structure.unknowns, structure.terms, observations);
  const double residual = mean_square_residual(observations, found.terms);
  Fit fit{columns, std::move(found.terms), {}};
  for (const double deviation : found.log_deviations) {
    fit.intervals.push_back(
        std::max(least, k_deviations * std::sqrt(deviation * deviation + residual)));
  }
  return fit;
}

double median_of(std::vector<double> values) {
  return values.empty() ? 0.0 : describe(std::move(values)).median;
}

}  // namespace assay
