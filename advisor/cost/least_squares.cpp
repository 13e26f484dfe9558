#include "advisor/cost/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assay {
namespace {

/// The normal equations A x = b of the weighted problem, in units of the beliefs' means.
struct NormalEquations {
  std::vector<std::vector<double>> matrix;
  std::vector<double> right;
};

NormalEquations normal_equations(const std::vector<Belief>& beliefs,
                                 const std::vector<Observation>& observations) {
  const std::size_t n = beliefs.size();
  NormalEquations equations{std::vector(n, std::vector(n, 0.0)), std::vector(n, 0.0)};
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = beliefs[i].mean / beliefs[i].sigma;
    equations.matrix[i][i] = weight * weight;
    equations.right[i] = weight * weight;
  }
  for (const Observation& observation : observations) {
    for (std::size_t i = 0; i < n; ++i) {
      const double left = observation.coefficients[i] * beliefs[i].mean / observation.sigma;
      equations.right[i] += left * observation.value / observation.sigma;
      for (std::size_t j = 0; j < n; ++j) {
        equations.matrix[i][j] +=
            left * observation.coefficients[j] * beliefs[j].mean / observation.sigma;
      }
    }
  }
  return equations;
}

/// One sweep of coordinate descent; the largest change.
double sweep(const NormalEquations& equations, std::vector<double>& x) {
  double change = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double rest = equations.right[i];
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (j != i) rest -= equations.matrix[i][j] * x[j];
    }
    const double next = std::max(0.0, rest / equations.matrix[i][i]);
    change = std::max(change, std::abs(next - x[i]));
    x[i] = next;
  }
  return change;
}

}  // namespace

std::vector<double> fit_non_negative(const std::vector<Belief>& beliefs,
                                     const std::vector<Observation>& observations) {
  // The problem is convex and has a dozen unknowns: sweeps converge, and the limit is generous.
  constexpr int k_most_sweeps = 100'000;
  constexpr double k_converged = 1e-9;  // in units of the means
  const NormalEquations equations = normal_equations(beliefs, observations);
  std::vector<double> x(beliefs.size(), 1.0);
  for (int i = 0; i < k_most_sweeps && sweep(equations, x) > k_converged; ++i) {
  }
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= beliefs[i].mean;
  return x;
}

}  // namespace assay
