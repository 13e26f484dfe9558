#pragma once

#include <vector>

#include "base/result.hpp"
#include "reference-engine/footprint.hpp"
#include "reference-engine/tensor_plan.hpp"
#include "workloads/run_result.hpp"

namespace assay {

/// A run whose tensors are known: the calibration needs bytes and operations by format.
struct PlannedRun {
  const RunResult* run;
  ModelSpec spec;  // with the layers that were run
  TensorPlan plan;
  CacheFormat cache = CacheFormat::f16;
};

/// The valid runs with `threads` threads of shapes of the suite, whole or in slices. `runs` must
/// outlive the answer. Errors: internal when the suite is broken.
Result<std::vector<PlannedRun>> planned_runs(const std::vector<RunResult>& runs, unsigned threads);

/// Relative spread of a statistic: half its interval, or its deviation where there is none.
double relative_spread(const Statistic& statistic);

}  // namespace assay
