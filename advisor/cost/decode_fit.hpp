#pragma once

#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/cost/format_prior.hpp"
#include "advisor/cost/suite_runs.hpp"

namespace assay {

/// Fits the costs of a decode step to runs and puts them into `calibration`, which has the threads,
/// the bandwidth and the speeds of reading again. False where no run decoded.
bool fit_decode_costs(const std::vector<PlannedRun>& runs, const FormatPriors& priors,
                      const AttentionPrior& attention, Calibration& calibration);

}  // namespace assay
