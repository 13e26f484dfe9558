#pragma once

#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/cost/format_prior.hpp"
#include "advisor/cost/suite_runs.hpp"

namespace assay {

/// Fits the costs of a prompt to runs and puts them into `calibration`, which has the threads, the
/// limits and the costs of decode. Without a run that read one they stay unknown.
void fit_prefill_costs(const std::vector<PlannedRun>& runs, const FormatPriors& priors,
                       Calibration& calibration);

}  // namespace assay
