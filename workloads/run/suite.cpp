#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "workloads/bench.hpp"
#include "workloads/measure/repetition.hpp"
#include "workloads/run/bandwidth.hpp"
#include "workloads/run/bench_model.hpp"
#include "workloads/run/summary.hpp"

namespace assay {
namespace {

// Before the runs and after them.
constexpr double k_micro_seconds = 3.0;

std::string cell_name(const SuiteCell& cell) {
  std::string name = fmt::format("{} {} {}", cell.shape, recipe_name(cell.recipe), cell.workload);
  if (cell.layers > 0) name += fmt::format(", {} layers", cell.layers);
  return name;
}

/// One cell with all that it refers to.
struct PlannedCell {
  std::string name;
  BenchModel model;
  WorkloadSpec workload;
};

Result<PlannedCell> plan_cell(const Suite& suite, const SuiteCell& cell) {
  const WorkloadSpec* workload = suite.workload(cell.workload);
  const SuiteShape* shape = suite.shape(cell.shape);
  if (workload == nullptr || shape == nullptr) {
    return fail(ErrorCode::usage, "the suite has no such workload or shape", cell_name(cell));
  }
  PlannedCell planned;
  planned.name = cell_name(cell);
  planned.workload = *workload;
  planned.model.spec = shape->spec;
  planned.model.recipe = cell.recipe;
  planned.model.slice_layers = cell.layers;
  return planned;
}

/// The least seconds that warm-up and repetitions take: every byte at the full read bandwidth,
/// every operation at the peak.
double least_seconds(const PreparedModel& model, const WorkloadSpec& workload,
                     const MeasureOptions& options, const KernelTable& kernels,
                     const MicroResults& micro) {
  const RunResult run = describe_run(model, workload, options, kernels);
  RunEvidence limits;
  RunResult unused = run;
  compare_with_limits(micro, unused, limits);
  constexpr double k_repetitions = 2.0;  // fewer show no spread
  const WorkloadSpec warm_up = warm_up_of(workload);
  double seconds = 0.0;
  if (limits.compute_ops_per_second) {
    const double prompts =
        options.warmups * warm_up.prompt_tokens + k_repetitions * workload.prompt_tokens;
    seconds += prompts * run.prefill_flops_per_token / *limits.compute_ops_per_second;
  }
  if (limits.read_bandwidth_bytes_per_second) {
    const double tokens =
        options.warmups * warm_up.generated_tokens + k_repetitions * workload.generated_tokens;
    seconds += tokens * run.decode_bytes_per_token / *limits.read_bandwidth_bytes_per_second;
  }
  return seconds;
}

/// Why a cell is left out before it is started; nothing when it can run. Errors: refused_input.
Result<std::optional<std::string>> reason_to_skip(const PlannedCell& cell,
                                                  const MeasureOptions& options,
                                                  const KernelTable& kernels,
                                                  const MicroResults& micro) {
  auto model = prepare_model(cell.model);
  if (!model) return pass_on(model);
  const SessionShape shape = session_shape(cell.workload, options);
  if (auto fits = check_memory(*model, shape, options.usable_memory); !fits) {
    const Bytes needed = footprint(model->spec, model->plan, shape).peak();
    return std::optional(fmt::format("needs {}, {} are available", human_bytes(needed),
                                     human_bytes(*options.usable_memory)));
  }
  // A slice is made to be short; how long it takes is what is to be found out.
  if (cell.model.slice_layers > 0) return std::optional<std::string>();
  const double seconds = least_seconds(*model, cell.workload, options, kernels, micro);
  if (seconds > options.max_seconds) {
    return std::optional(fmt::format("would take {:.0f} s at least, its box is {:.0f} s", seconds,
                                     options.max_seconds));
  }
  return std::optional<std::string>();
}

/// The limits that a document starts with.
Result<MicroResults> measure_limits(const MeasureOptions& options, const KernelTable& kernels,
                                    const std::stop_token& stop,
                                    MicroScope scope = MicroScope::limits) {
  // Without a known amount of memory the smallest buffer that is worth reading.
  const Bytes memory = options.usable_memory.value_or(gibibytes(1));
  return measure_micro_isolated(kernels, options.threads, k_micro_seconds, memory, stop, scope);
}

/// Takes the limits once more, so that a slow moment before the runs does not stand for the machine
/// (a virtual one moves between cores within minutes), and compares all runs with the better ones.
void conclude(SuiteOutcome& outcome, const MeasureOptions& options, const KernelTable& kernels,
              const std::stop_token& stop) {
  outcome.partial = outcome.partial || stop.stop_requested();
  if (!outcome.partial && !outcome.runs.empty()) {
    if (const auto again = measure_limits(options, kernels, stop)) {
      raise_limits(outcome.micro, *again);
    }
  }
  raise_to_runs(outcome.micro, outcome.runs);
}

/// A right answer at a speed that cannot be.
bool looks_impossible(const RunResult& run) {
  return run.validity == Validity::invalid && run.verification && run.verification->passed;
}

/// Runs cells of one model; measures the limits again when a speed is above them, since they may
/// have been taken in a slow moment: memory that neighbours use too gives half its bandwidth for
/// seconds at a time. A speed that three measurements do not explain stays impossible.
Result<std::vector<RunResult>> run_cells(const BenchModel& model,
                                         std::span<const WorkloadSpec> workloads,
                                         const MeasureOptions& options, const KernelTable& kernels,
                                         MicroResults& micro, const std::stop_token& stop) {
  constexpr int k_more_measurements = 3;
  auto runs = run_isolated(model, workloads, options, kernels, micro, stop);
  for (int i = 0; i < k_more_measurements && !stop.stop_requested(); ++i) {
    if (!runs || !std::ranges::any_of(*runs, looks_impossible)) return runs;
    const auto again = measure_limits(options, kernels, stop);
    if (!again) return runs;
    if (raise_limits(micro, *again)) {
      runs = run_isolated(model, workloads, options, kernels, micro, stop);
    }
  }
  return runs;
}

/// Runs a planned cell into the outcome. False when the suite was interrupted.
bool run_into(SuiteOutcome& outcome, const PlannedCell& cell, const MeasureOptions& options,
              const KernelTable& kernels, const std::stop_token& stop) {
  auto runs = run_cells(cell.model, {&cell.workload, 1}, options, kernels, outcome.micro, stop);
  if (runs) {
    std::ranges::move(*runs, std::back_inserter(outcome.runs));
  } else if (runs.error().code == ErrorCode::interrupted) {
    return false;
  } else {
    outcome.failed = outcome.failed || runs.error().code != ErrorCode::does_not_fit;
    outcome.skipped.push_back(cell.name + ": " + runs.error().text());
  }
  return true;
}

}  // namespace

Result<SuiteOutcome> run_suite(const Suite& suite, const std::vector<SuiteCell>& cells,
                               const MeasureOptions& options, const KernelTable& kernels,
                               Bytes usable_memory, const Progress& progress,
                               const std::stop_token& stop) {
  MeasureOptions cell_options = options;
  cell_options.usable_memory = usable_memory;
  const auto tell = [&progress](const std::string& what, double fraction) {
    if (progress) progress(what, fraction);
  };
  SuiteOutcome outcome;
  tell("memory bandwidth and compute limits", 0.0);
  auto micro = measure_limits(cell_options, kernels, stop, MicroScope::calibration);
  if (!micro && micro.error().code == ErrorCode::interrupted) {
    outcome.partial = true;
    return outcome;
  }
  if (!micro) return pass_on(micro);
  outcome.micro = std::move(*micro);
  // The limits take about as long as one cell, before and after.
  const double parts = static_cast<double>(cells.size()) + 2.0;
  double done = 1.0;
  for (const SuiteCell& cell : cells) {
    outcome.partial = stop.stop_requested();
    if (outcome.partial) break;
    auto planned = plan_cell(suite, cell);
    if (!planned) return pass_on(planned);
    tell(planned->name, done / parts);
    done += 1.0;
    auto skip = reason_to_skip(*planned, cell_options, kernels, outcome.micro);
    if (!skip) return pass_on(skip);
    if (*skip) {
      outcome.skipped.push_back(planned->name + ": " + **skip);
    } else if (!run_into(outcome, *planned, cell_options, kernels, stop)) {
      break;
    }
  }
  tell("memory bandwidth and compute limits, again", done / parts);
  conclude(outcome, cell_options, kernels, stop);
  tell("done", 1.0);
  return outcome;
}

Result<SuiteOutcome> run_single(const BenchModel& model, const WorkloadSpec& workload,
                                const MeasureOptions& options, const KernelTable& kernels,
                                const Progress& progress, const std::stop_token& stop) {
  return run_model(model, {&workload, 1}, options, kernels, progress, stop);
}

Result<SuiteOutcome> run_model(const BenchModel& model, std::span<const WorkloadSpec> workloads,
                               const MeasureOptions& options, const KernelTable& kernels,
                               const Progress& progress, const std::stop_token& stop) {
  auto prepared = prepare_model(model);
  if (!prepared) return pass_on(prepared);
  std::vector<std::string> names;
  for (const WorkloadSpec& workload : workloads) {
    auto fits = check_memory(*prepared, session_shape(workload, options), options.usable_memory);
    if (!fits) return pass_on(fits);
    names.push_back(workload.name);
  }
  if (progress) progress("memory bandwidth and compute limits", 0.0);
  auto micro = measure_limits(options, kernels, stop);
  if (!micro) return pass_on(micro);
  SuiteOutcome outcome;
  outcome.micro = std::move(*micro);
  if (progress) {
    progress(
        fmt::format("{} {} {}", prepared->about.id, prepared->about.format, fmt::join(names, ", ")),
        0.1);
  }
  auto runs = run_cells(model, workloads, options, kernels, outcome.micro, stop);
  if (!runs) return pass_on(runs);
  outcome.runs = std::move(*runs);
  conclude(outcome, options, kernels, stop);
  if (progress) progress("done", 1.0);
  return outcome;
}

}  // namespace assay
