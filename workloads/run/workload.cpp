#include <utility>

#include "workloads/bench.hpp"
#include "workloads/engines/reference.hpp"
#include "workloads/run/bench_model.hpp"
#include "workloads/run/summary.hpp"
#include "workloads/run/verified_run.hpp"

namespace assay {

MeasureOptions with_rules(MeasureOptions options, const TierRules& rules) {
  options.max_seconds = rules.cell_seconds;
  options.warmups = rules.warmups;
  options.min_repetitions = rules.min_repetitions;
  options.max_repetitions = rules.max_repetitions;
  options.target_half_width_ratio = rules.target_half_width_ratio;
  return options;
}

namespace {

/// Memory is checked for all before any weight is loaded. Errors: does_not_fit.
Result<void> check_memory(const PreparedModel& model, std::span<const WorkloadSpec> workloads,
                          const MeasureOptions& options) {
  for (const WorkloadSpec& workload : workloads) {
    auto fits = check_memory(model, session_shape(workload, options), options.usable_memory);
    if (!fits) return fits;
  }
  return {};
}

Result<RunResult> run_loaded(const PreparedModel& prepared, const LoadedModel& loaded,
                             const WorkloadSpec& workload, const MeasureOptions& options,
                             const KernelTable& kernels, ThreadPool& pool,
                             const MicroResults& micro, const Clock& clock,
                             const std::stop_token& stop) {
  RunResult run = describe_run(prepared, workload, options, kernels);
  run.load_cold_seconds = loaded.cold_seconds;
  run.load_warm_seconds = loaded.warm_seconds;
  run.measured_peak = Fact<Bytes>::unknown("the run had no process of its own");
  auto session = Session::open(loaded.model, session_shape(workload, options), pool);
  if (!session) return pass_on(session);
  ReferenceGenerator generator(*session, options.seed, stop);
  auto measured = verify_and_measure({prepared, loaded.model, *session, generator}, workload,
                                     options, micro, clock, stop, run);
  if (!measured) return pass_on(measured);
  return run;
}

}  // namespace

Result<std::vector<RunResult>> run_workloads(const BenchModel& model,
                                             std::span<const WorkloadSpec> workloads,
                                             const MeasureOptions& options,
                                             const KernelTable& kernels, ThreadPool& pool,
                                             const MicroResults& micro, const std::stop_token& stop,
                                             const RunFinished& finished) {
  const Clock clock = steady_clock();
  double start = clock();
  auto prepared = prepare_model(model);
  if (!prepared) return pass_on(prepared);
  if (auto fits = check_memory(*prepared, workloads, options); !fits) return pass_on(fits);
  auto loaded = load_prepared(*prepared, options, kernels, pool, stop);
  if (stop.stop_requested()) {
    return fail(ErrorCode::interrupted, "interrupted while loading", prepared->about.id);
  }
  if (!loaded) return pass_on(loaded);
  std::vector<RunResult> runs;
  for (const WorkloadSpec& workload : workloads) {
    auto run = run_loaded(*prepared, *loaded, workload, options, kernels, pool, micro, clock, stop);
    if (!run && run.error().code == ErrorCode::interrupted && !runs.empty()) return runs;
    if (!run) return pass_on(run);
    run->wall_seconds = clock() - start;  // the first run's with loading
    start = clock();
    if (finished) finished(*run);
    runs.push_back(std::move(*run));
  }
  return runs;
}

Result<RunResult> run_workload(const BenchModel& model, const WorkloadSpec& workload,
                               const MeasureOptions& options, const KernelTable& kernels,
                               ThreadPool& pool, const MicroResults& micro,
                               const std::stop_token& stop) {
  auto runs = run_workloads(model, {&workload, 1}, options, kernels, pool, micro, stop);
  if (!runs) return pass_on(runs);
  return std::move(runs->front());
}

}  // namespace assay
