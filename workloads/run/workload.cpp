#include <fmt/format.h>

#include <utility>

#include "base/host_view.hpp"
#include "workloads/bench.hpp"
#include "workloads/engines/reference.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/measure/repetition.hpp"
#include "workloads/measure/validity.hpp"
#include "workloads/run/bench_model.hpp"
#include "workloads/run/summary.hpp"
#include "workloads/run/verification.hpp"

namespace assay {
namespace {

/// The session's own work: verify, then measure. Fills all of `run` but load times and peak.
Result<void> verify_and_measure(const PreparedModel& prepared, const Model& model,
                                const WorkloadSpec& workload, const MeasureOptions& options,
                                ThreadPool& pool, const MicroResults& micro,
                                const std::stop_token& stop, RunResult& run) {
  auto session = Session::open(model, session_shape(workload, options), pool);
  if (!session) return pass_on(session);
  auto verification = verify_outputs(prepared, model, *session, workload, options);
  if (!verification) return pass_on(verification);
  run.verification = std::move(*verification);
  RunEvidence evidence;
  if (run.verification->passed) {
    const HostView host = HostView::live();
    ReferenceGenerator generator(*session, options.seed);
    const SystemCounters before = read_system_counters(host);
    auto samples = measure_repetitions(generator, workload, prepared.spec.vocabulary, options,
                                       steady_clock(), stop);
    if (!samples) return pass_on(samples);
    evidence.interference = interference_between(before, read_system_counters(host));
    evidence.interference.on_battery = runs_on_battery(host);
    evidence.cache = last_level_cache(host);
    evidence.faults = samples->faults;
    evidence.inter_token_seconds = samples->inter_token_seconds;
    if (samples->interrupted) run.reasons.push_back("interrupted: fewer repetitions than wanted");
    summarise(std::move(*samples), run);
  }
  evidence.target_half_width_ratio = options.target_half_width_ratio;
  compare_with_limits(micro, run, evidence);
  Judgement judgement = assess_validity(run, evidence);
  run.validity = judgement.validity;
  run.reasons.insert(run.reasons.end(), judgement.reasons.begin(), judgement.reasons.end());
  if (run.validity == Validity::invalid) drop_speeds(run);
  return {};
}

}  // namespace

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
  auto loaded = load_prepared(*prepared, options, kernels, pool);
  if (!loaded) return pass_on(loaded);
  if (stop.stop_requested()) {
    return fail(ErrorCode::interrupted, "interrupted while loading", prepared->about.id);
  }
  RunResult run = describe_run(*prepared, workload, options, kernels);
  run.load_cold_seconds = loaded->cold_seconds;
  run.load_warm_seconds = loaded->warm_seconds;
  run.measured_peak = Fact<Bytes>::unknown("the run had no process of its own");
  auto measured =
      verify_and_measure(*prepared, loaded->model, workload, options, pool, micro, stop, run);
  if (!measured) return pass_on(measured);
  run.wall_seconds = clock() - start;
  return run;
}

}  // namespace assay
