#pragma once

#include <vector>

namespace assay {

/// What is believed of one unknown before the observations: a mean over zero and its uncertainty.
struct Belief {
  double mean = 0.0;
  double sigma = 0.0;
};

/// One equation: the sum of coefficients times unknowns is `value`, give or take `sigma`.
struct Observation {
  std::vector<double> coefficients;
  double value = 0.0;
  double sigma = 0.0;
};

/// The non-negative unknowns that fit observations and beliefs best (least squares, each term in
/// units of its sigma). Beliefs keep the answer unique when there are fewer observations than
/// unknowns. Requires every mean and sigma over zero and as many coefficients as beliefs.
std::vector<double> fit_non_negative(const std::vector<Belief>& beliefs,
                                     const std::vector<Observation>& observations);

}  // namespace assay
