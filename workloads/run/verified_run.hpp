#pragma once

#include <stop_token>

#include "workloads/bench.hpp"
#include "workloads/generator.hpp"
#include "workloads/measure/clock.hpp"
#include "workloads/run/bench_model.hpp"

namespace assay {

/// What is measured, and what it is said to be.
struct EngineUnderTest {
  const PreparedModel& prepared;
  const Model& model;  // that the session should run
  Session& session;
  Generator& generator;  // in front of the session
};

/// The gate, then the measurement: compares the session with the model, and only when nothing is
/// wrong lets the generator run the workload; what it does is judged, and no speed is kept of an
/// engine that is wrong, ends early, repeats answers or is faster than the machine. Fills all of
/// `run` but load times and peak memory. Errors: those of the session; interrupted.
Result<void> verify_and_measure(const EngineUnderTest& engine, const WorkloadSpec& workload,
                                const MeasureOptions& options, const MicroResults& micro,
                                const Clock& clock, const std::stop_token& stop, RunResult& run);

}  // namespace assay
