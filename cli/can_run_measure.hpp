#pragma once

#include <optional>
#include <vector>

#include "advisor/check.hpp"
#include "advisor/gpu_answer.hpp"
#include "advisor/measurement_plan.hpp"
#include "cli/command.hpp"
#include "cli/cost_question.hpp"
#include "cli/engine_choice.hpp"
#include "cli/grounds.hpp"
#include "reports/assessment.hpp"
#include "workloads/bench.hpp"

namespace assay {

/// Declares --measure and --seconds.
void declare_measure_options(options::options_description& own);

/// Runs what a plan says into the assessment (limits, runs, and checks against what was known
/// before); an interruption leaves it partial. Errors: those of run_model.
Result<void> measure_plan(Assessment& assessment, const BenchModel& model,
                          const MeasurementPlan& plan, const MeasurementBox& box,
                          const std::optional<PriorKnowledge>& prior, const EngineChoice& engine,
                          const Invocation& invocation);

/// What can-run says without measuring: the processor's verdict, and what GPUs would do.
struct CanRunAnswer {
  Verdict verdict;
  std::vector<GpuAnswer> gpus;
  Subject subject;  // of the advice
};

/// can-run --measure: runs the model for a few seconds, judges by what was measured, and shows that
/// beside what was predicted; formats and GPUs stay as predicted. The result is kept. `file_bytes`
/// of a model that is a file. Returns the exit code: the verdict's, or that of a run that is not
/// valid. Errors: usage for a machine that is not this one; does_not_fit before anything is
/// allocated; those of run_model.
Result<int> answer_by_measuring(const Invocation& invocation, const Question& question,
                                const Grounds& grounds, const Catalogue& catalogue,
                                CanRunAnswer predicted, const CostQuestion& cost,
                                const std::optional<Bytes>& file_bytes);

}  // namespace assay
