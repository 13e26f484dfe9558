#include "advisor/cost/log_fit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay {
namespace {

using Matrix = std::vector<std::vector<double>>;

/// Gaussian elimination of a positive definite matrix: no pivoting.
std::vector<double> solve(Matrix matrix, std::vector<double> right) {
  const std::size_t n = right.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t row = i + 1; row < n; ++row) {
      const double factor = matrix[row][i] / matrix[i][i];
      for (std::size_t j = i; j < n; ++j) matrix[row][j] -= factor * matrix[i][j];
      right[row] -= factor * right[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) right[i] -= matrix[i][j] * right[j];
    right[i] /= matrix[i][i];
  }
  return right;
}

/// One squared misfit, linear near a point: its value there and its slopes in the unknowns.
struct Misfit {
  double value = 0.0;
  std::vector<double> slopes;
};

class Problem {
 public:
  Problem(const std::vector<Unknown>& unknowns, const std::vector<Term>& terms,
          const std::vector<Observation>& observations)
      : unknowns_(unknowns), terms_(terms), observations_(observations) {}

  [[nodiscard]] std::vector<double> terms_at(const std::vector<double>& u) const {
    std::vector<double> x;
    for (const Term& term : terms_) {
      double logarithm = 0.0;
      for (const std::size_t at : term.unknowns) logarithm += u[at];
      x.push_back(term.mean * std::exp(logarithm));
    }
    return x;
  }

  [[nodiscard]] double cost(const std::vector<double>& u) const {
    double sum = 0.0;
    for (const Misfit& misfit : misfits(u)) sum += misfit.value * misfit.value;
    return sum;
  }

  /// The Gauss-Newton step at u.
  [[nodiscard]] std::vector<double> step(const std::vector<double>& u) const {
    std::vector<double> right(u.size(), 0.0);
    const std::vector<Misfit> all = misfits(u);
    for (const Misfit& misfit : all) {
      for (std::size_t i = 0; i < u.size(); ++i) right[i] -= misfit.slopes[i] * misfit.value;
    }
    return solve(curvature(all), std::move(right));
  }

  /// Standard deviation of each term's logarithm at u.
  [[nodiscard]] std::vector<double> deviations(const std::vector<double>& u) const {
    const Matrix matrix = curvature(misfits(u));
    std::vector<double> found;
    for (const Term& term : terms_) {
      std::vector<double> direction(u.size(), 0.0);
      for (const std::size_t at : term.unknowns) direction[at] += 1.0;
      const std::vector<double> solved = solve(matrix, direction);
      double variance = 0.0;
      for (std::size_t i = 0; i < u.size(); ++i) variance += direction[i] * solved[i];
      found.push_back(std::sqrt(variance));
    }
    return found;
  }

 private:
  [[nodiscard]] std::vector<Misfit> misfits(const std::vector<double>& u) const {
    std::vector<Misfit> all;
    const std::vector<double> x = terms_at(u);
    for (std::size_t i = 0; i < u.size(); ++i) all.push_back(belief(u, i));
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] < terms_[i].floor) all.push_back(below_floor(u.size(), x[i], terms_[i]));
    }
    for (const Observation& observation : observations_) {
      all.push_back(seen(u.size(), x, observation));
    }
    return all;
  }

  [[nodiscard]] Misfit belief(const std::vector<double>& u, std::size_t i) const {
    const double sigma = u[i] < 0.0 ? unknowns_[i].below : unknowns_[i].above;
    Misfit misfit{u[i] / sigma, std::vector<double>(u.size(), 0.0)};
    misfit.slopes[i] = 1.0 / sigma;
    return misfit;
  }

  static Misfit below_floor(std::size_t size, double x, const Term& term) {
    constexpr double k_sigma = 0.03;
    Misfit misfit{std::log(x / term.floor) / k_sigma, std::vector<double>(size, 0.0)};
    for (const std::size_t at : term.unknowns) misfit.slopes[at] += 1.0 / k_sigma;
    return misfit;
  }

  [[nodiscard]] Misfit seen(std::size_t size, const std::vector<double>& x,
                            const Observation& observation) const {
    Misfit misfit{-observation.value / observation.sigma, std::vector<double>(size, 0.0)};
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double part = observation.coefficients[i] * x[i] / observation.sigma;
      misfit.value += part;
      for (const std::size_t at : terms_[i].unknowns) misfit.slopes[at] += part;
    }
    return misfit;
  }

  static Matrix curvature(const std::vector<Misfit>& all) {
    const std::size_t n = all.empty() ? 0 : all.front().slopes.size();
    Matrix matrix(n, std::vector<double>(n, 0.0));
    for (const Misfit& misfit : all) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) matrix[i][j] += misfit.slopes[i] * misfit.slopes[j];
      }
    }
    return matrix;
  }

  const std::vector<Unknown>& unknowns_;
  const std::vector<Term>& terms_;
  const std::vector<Observation>& observations_;
};

/// Takes as much of a step as does not raise the cost; how far it went.
double descend(const Problem& problem, std::vector<double>& u) {
  // A factor of e at once is as far as the linear model is trusted.
  constexpr double k_most = 1.0;
  constexpr int k_most_halvings = 30;
  const std::vector<double> step = problem.step(u);
  double largest = 0.0;
  for (const double part : step) largest = std::max(largest, std::abs(part));
  double share = largest > k_most ? k_most / largest : 1.0;
  const double before = problem.cost(u);
  for (int halving = 0; halving < k_most_halvings; ++halving, share /= 2.0) {
    std::vector<double> next = u;
    for (std::size_t i = 0; i < u.size(); ++i) next[i] += share * step[i];
    if (problem.cost(next) <= before) {
      u = std::move(next);
      return share * largest;
    }
  }
  return 0.0;
}

}  // namespace

LogFit fit_terms(const std::vector<Unknown>& unknowns, const std::vector<Term>& terms,
                 const std::vector<Observation>& observations) {
  constexpr int k_most_steps = 200;
  constexpr double k_converged = 1e-9;
  const Problem problem(unknowns, terms, observations);
  std::vector<double> u(unknowns.size(), 0.0);
  for (int i = 0; i < k_most_steps && descend(problem, u) > k_converged; ++i) {
  }
  return {problem.terms_at(u), problem.deviations(u)};
}

}  // namespace assay
