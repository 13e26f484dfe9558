#pragma once

#include "workloads/bench.hpp"
#include "workloads/measure/repetition.hpp"
#include "workloads/measure/validity.hpp"
#include "workloads/run/bench_model.hpp"

namespace assay {

/// The parts of a result that are known before anything runs.
RunResult describe_run(const PreparedModel& model, const WorkloadSpec& workload,
                       const MeasureOptions& options, const KernelTable& kernels);

/// Samples -> the rates, times and percentiles of a result.
void summarise(Samples samples, RunResult& run);

/// Puts the utilisation ratios into `run` and the limits that they refer to into `evidence`:
/// measured on as many threads as the run had.
void compare_with_limits(const MicroResults& micro, RunResult& run, RunEvidence& evidence);

/// A result that is not valid reports no speed.
void drop_speeds(RunResult& run);

}  // namespace assay
