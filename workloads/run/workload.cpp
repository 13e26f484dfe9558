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

Result<RunResult> run_workload(const BenchModel& model, const WorkloadSpec& workload,
                               const MeasureOptions& options, const KernelTable& kernels,
                               ThreadPool& pool, const MicroResults& micro,
                               const std::stop_token& stop) {
  const Clock clock = steady_clock();
  const double start = clock();
  auto prepared = prepare_model(model);
  if (!prepared) return pass_on(prepared);
  const SessionShape shape = session_shape(workload, options);
  if (auto fits = check_memory(*prepared, shape, options.usable_memory); !fits) {
    return pass_on(fits);
  }
  auto loaded = load_prepared(*prepared, options, kernels, pool, stop);
  if (stop.stop_requested()) {
    return fail(ErrorCode::interrupted, "interrupted while loading", prepared->about.id);
  }
  if (!loaded) return pass_on(loaded);
  RunResult run = describe_run(*prepared, workload, options, kernels);
  run.load_cold_seconds = loaded->cold_seconds;
  run.load_warm_seconds = loaded->warm_seconds;
  run.measured_peak = Fact<Bytes>::unknown("the run had no process of its own");
  auto session = Session::open(loaded->model, shape, pool);
  if (!session) return pass_on(session);
  ReferenceGenerator generator(*session, options.seed);
  auto measured = verify_and_measure({*prepared, loaded->model, *session, generator}, workload,
                                     options, micro, clock, stop, run);
  if (!measured) return pass_on(measured);
  run.wall_seconds = clock() - start;
  return run;
}

}  // namespace assay
