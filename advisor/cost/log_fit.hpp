#pragma once

#include <cstddef>
#include <vector>

namespace assay {

/// A factor that is believed to be 1. `below` and `above` are the standard deviations of its
/// natural logarithm to either side (0.5: a factor of 1.6).
struct Unknown {
  double below = 0.0;
  double above = 0.0;
};

/// A positive cost: its believed size times the unknowns that bear on it. Below `floor` (0: none)
/// it is all but impossible.
struct Term {
  double mean = 0.0;
  std::vector<std::size_t> unknowns;
  double floor = 0.0;
};

/// One equation: the sum of coefficients times terms is `value`, give or take `sigma`.
struct Observation {
  std::vector<double> coefficients;
  double value = 0.0;
  double sigma = 0.0;
};

struct LogFit {
  std::vector<double> terms;
  std::vector<double> log_deviations;  // standard deviation of each term's logarithm
};

/// The terms that fit observations and beliefs best: least squares, each misfit in units of its
/// sigma, unknowns in logarithms. A cost ten times above belief is then as reachable as one ten
/// times below, none is negative, and beliefs decide what the observations leave open. Requires
/// means and sigmas over zero, and a coefficient for each term.
LogFit fit_terms(const std::vector<Unknown>& unknowns, const std::vector<Term>& terms,
                 const std::vector<Observation>& observations);

}  // namespace assay
