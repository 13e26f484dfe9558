#include "workloads/run/verified_run.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/host_view.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/measure/repetition.hpp"
#include "workloads/measure/validity.hpp"
#include "workloads/run/summary.hpp"
#include "workloads/run/verification.hpp"

namespace assay {

Result<void> verify_and_measure(const EngineUnderTest& engine, const WorkloadSpec& workload,
                                const MeasureOptions& options, const MicroResults& micro,
                                const Clock& clock, const std::stop_token& stop, RunResult& run) {
  auto verification =
      verify_outputs(engine.prepared, engine.model, engine.session, workload, options);
  if (!verification) return pass_on(verification);
  run.verification = std::move(*verification);
  RunEvidence evidence;
  if (run.verification->passed) {
    const HostView host = HostView::live();
    const SystemCounters before = read_system_counters(host);
    auto samples = measure_repetitions(engine.generator, workload, engine.prepared.spec.vocabulary,
                                       options, clock, stop, live_energy_meter());
    if (!samples) return pass_on(samples);
    evidence.interference = interference_between(before, read_system_counters(host));
    evidence.interference.on_battery = runs_on_battery(host);
    evidence.cache = last_level_cache(host);
    evidence.faults = samples->faults;
    // What the session holds tells what was computed, whatever the generator counts.
    if (const std::uint32_t expected = positions_after(workload);
        evidence.faults.empty() && !samples->interrupted && engine.session.depth() != expected) {
      evidence.faults.push_back(fmt::format("the session holds {} positions (expected {})",
                                            engine.session.depth(), expected));
    }
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

}  // namespace assay
