#include "cli/can_run_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "cli/console.hpp"
#include "cli/engine_factors.hpp"
#include "cli/gpu_text.hpp"
#include "cli/kept_result.hpp"
#include "cli/new_assessment.hpp"
#include "cli/prior_knowledge.hpp"
#include "cli/state.hpp"
#include "cli/verdict_text.hpp"
#include "reports/checks_text.hpp"
#include "reports/document.hpp"

namespace assay {
namespace {

constexpr double k_default_seconds = 10.0;
constexpr double k_most_seconds = 600.0;
// Read bandwidth alone, to plan by on a machine that nothing is known of.
constexpr double k_first_look_seconds = 1.0;

Result<double> seconds_option(const Invocation& invocation) {
  const double seconds = invocation.get<double>("seconds");
  if (seconds >= 1.0 && seconds <= k_most_seconds) return seconds;
  return fail(ErrorCode::usage,
              fmt::format("--seconds: {} (expected 1 to {})", seconds, k_most_seconds));
}

/// Only what stands here can be measured. Errors: usage.
Result<void> check_machine(const Invocation& invocation, const Grounds& grounds,
                           const MachineProfile& machine) {
  if (!invocation.has("machine") && grounds.machine.id == machine.id) return {};
  return fail(ErrorCode::usage,
              "--measure runs the model on this machine, and another is asked about", {},
              "leave --measure out, or --machine and --calibration");
}

/// The result that the grounds rest on, with its limits and runs; what an option estimates has
/// none. Nothing where nothing predicts.
Result<std::optional<PriorKnowledge>> prior_of(const Invocation& invocation,
                                               const Grounds& grounds) {
  if (!grounds.calibration) return std::optional<PriorKnowledge>();
  PriorKnowledge prior{*grounds.calibration, {}, {}};
  if (prior.calibration.basis != Basis::this_machine) return std::optional(std::move(prior));
  auto document =
      invocation.has("calibration")
          ? read_document_file(invocation.get<std::string>("calibration")).map([](Assessment read) {
              return std::optional(std::move(read));
            })
          : latest_result(invocation.state);
  if (!document) return pass_on(document);
  if (*document) {
    prior.micro = std::move((*document)->micro);
    prior.runs = std::move((*document)->runs);
  }
  return std::optional(std::move(prior));
}

/// What to plan by: what is known, else the bandwidth, measured for a second.
Result<Calibration> planning_calibration(const std::optional<PriorKnowledge>& prior,
                                         const MachineProfile& machine, const EngineChoice& engine,
                                         const Invocation& invocation) {
  if (prior) return prior->calibration;
  const auto micro = measure_micro_isolated(*engine.kernels, engine.threads, k_first_look_seconds,
                                            gibibytes(1), invocation.stop);
  if (!micro) return pass_on(micro);
  const auto& by_threads = micro->read_bandwidth_bytes_per_second;
  const auto found = by_threads.find(engine.threads);
  if (found == by_threads.end()) {
    return fail(ErrorCode::unknown, "the read bandwidth could not be measured");
  }
  const auto described = calibration_from_profile(machine, found->second.median, engine.threads);
  if (!described) return pass_on(described);
  return with_limits(*described, *micro);
}

/// The model as a file, or its shape with made-up weights.
BenchModel bench_model(const Invocation& invocation, const Question& question,
                       const MeasurementPlan& plan, bool is_file) {
  BenchModel model;
  if (is_file) {
    model.gguf = invocation.get<std::string>("model");
    return model;
  }
  model.spec = question.spec;
  model.spec->name = question.model;
  model.recipe = recipe_from_name(question.format).value_or(model.recipe);
  model.slice_layers = plan.layers;
  return model;
}

/// Why a run counts for nothing; empty when all are valid.
std::string invalid_words(const Assessment& assessment) {
  for (const RunResult& run : assessment.runs) {
    if (run.validity != Validity::invalid) continue;
    return fmt::format("{}: {}", run.workload,
                       run.reasons.empty() ? "the run is not valid" : run.reasons.front());
  }
  return {};
}

/// What was run, in one sentence, and what the rates of the answer then are.
std::string run_words(const Question& question, const MeasurementPlan& plan,
                      const Assessment& assessment, bool is_file) {
  double seconds = 0.0;
  for (const RunResult& run : assessment.runs) seconds += run.wall_seconds;
  const auto layers = question.spec.layers.size();
  const std::string what = plan.layers == 0 ? fmt::format("all {} layers", layers)
                                            : fmt::format("{} of its {} layers ({})", plan.layers,
                                                          layers, plan.why_slice);
  const std::string invalid = invalid_words(assessment);
  const std::string how =
      !invalid.empty()   ? fmt::format("not valid ({}): no rate is taken from it", invalid)
      : plan.layers == 0 ? "the rates above were measured"
                         : "the rates above are the prediction, scaled by what these reached";
  return fmt::format("Measured: {} of {} in {} with {}, {} threads, {:.0f} s; {}.", what,
                     question.model, question.format,
                     is_file ? "its own weights" : "made-up weights of its real sizes",
                     assessment.environment.threads, seconds, how);
}

/// Judged by what was measured; what it is compared with (other formats, contexts and models) is
/// predicted, as much slower or faster as this was.
Verdict measured_verdict(const Question& question, Verdict before, const Circumstances& around,
                         const MeasurementPlan& plan, const Assessment& assessment) {
  const Calibration& planned_by = *around.calibration;
  const Prediction known =
      with_measured(question, planned_by, before.prediction, plan, assessment.runs);
  const std::optional<Calibration> followed =
      as_measured(planned_by, predict_decode(question, planned_by), known.decode_tokens_per_second);
  const Circumstances now{followed,         around.available, around.policy,
                          around.catalogue, around.machine,   around.subject};
  Verdict verdict = advised(question, known, now);
  verdict.device = std::move(before.device);
  verdict.formats = std::move(before.formats);
  return verdict;
}

std::string text_of(const Invocation& invocation, const Policy& policy,
                    const Assessment& assessment, const std::string& what_was_run) {
  const Verdict& verdict = assessment.verdicts.front();
  if (invocation.quiet) return verdict.why + "\n";
  std::string text = verdict_text(verdict, policy, Fact<double>(), terminal_width(invocation));
  if (invocation.has("formats")) text += "\n" + formats_text(verdict);
  text += gpu_text(assessment.gpus, terminal_width(invocation));
  text += other_engines_text(assessment.other_engines);
  text += "\n" + what_was_run + "\n";
  const std::string checks = render_checks(assessment, render_options(invocation));
  if (!checks.empty()) text += "\n" + checks;
  return text;
}

int exit_code_of(const Assessment& assessment) {
  if (!invalid_words(assessment).empty()) return k_exit_not_valid;
  const VerdictKind kind = assessment.verdicts.front().verdict;
  if (is_yes(kind)) return k_exit_yes;
  return kind == VerdictKind::no ? k_exit_no : k_exit_cannot_tell;
}

/// Keeps the result and shows it.
Result<int> finish(const Invocation& invocation, const Policy& policy, const Assessment& assessment,
                   const std::string& what_was_run) {
  const auto text = [&] {
    if (const std::string invalid = invalid_words(assessment); !invalid.empty()) {
      remark(invocation,
             fmt::format("assay: the measurement is not valid: {}", printable(invalid)));
    }
    return invocation.json ? find_render_format("json")->render(assessment, {})
                           : text_of(invocation, policy, assessment, what_was_run);
  };
  if (auto done = keep_and_show(invocation, assessment, text); !done) return pass_on(done);
  return exit_code_of(assessment);
}

}  // namespace

void declare_measure_options(options::options_description& own) {
  auto add = own.add_options();
  add("measure",
      "run the model here for a few seconds (its exact shape with made-up weights, or the file) "
      "and "
      "show predicted beside measured");
  add("seconds", options::value<double>()->value_name("S")->default_value(k_default_seconds, "10"),
      "how long --measure may measure; making the weights, checking them and the machine's limits "
      "comes on top");
}

Result<void> measure_plan(Assessment& assessment, const BenchModel& model,
                          const MeasurementPlan& plan, const MeasurementBox& box,
                          const std::optional<PriorKnowledge>& prior, const EngineChoice& engine,
                          const Invocation& invocation) {
  MeasureOptions options;
  options.threads = engine.threads;
  options.cache = plan.cache;
  options.max_seconds = box.seconds / static_cast<double>(plan.workloads.size());
  options.usable_memory = box.usable_memory;
  options.verification_cache = verification_cache_file(invocation.state);
  options.time_loading = false;
  ProgressLine line(invocation);
  const Progress progress = [&line](const std::string& what, double fraction) {
    line.show(what, fraction);
  };
  auto outcome =
      run_model(model, plan.workloads, options, *engine.kernels, progress, invocation.stop);
  if (!outcome) return pass_on(outcome);
  Assessment measured;
  measured.micro = std::move(outcome->micro);
  measured.runs = std::move(outcome->runs);
  add_checks_of(measured, prior, model);
  if (assessment.micro.empty()) assessment.micro = std::move(measured.micro);
  std::ranges::move(measured.runs, std::back_inserter(assessment.runs));
  std::ranges::move(measured.checks, std::back_inserter(assessment.checks));
  assessment.partial = assessment.partial || outcome->partial;
  assessment.environment.threads = engine.threads;
  return {};
}

Result<int> answer_by_measuring(const Invocation& invocation, const Question& question,
                                const Grounds& grounds, const Catalogue& catalogue,
                                CanRunAnswer predicted, const CostQuestion& cost,
                                const std::optional<Bytes>& file_bytes) {
  const auto seconds = seconds_option(invocation);
  if (!seconds) return pass_on(seconds);
  if (!question.engine_runs) {
    return fail(ErrorCode::unknown,
                fmt::format("the engine does not run {} models yet, so that {} cannot be measured",
                            question.spec.architecture, question.model));
  }
  Assessment assessment = new_assessment("can-run");
  assessment.machine = probe_this_machine();
  if (auto here = check_machine(invocation, grounds, *assessment.machine); !here) {
    return pass_on(here);
  }
  const auto engine = best_engine(*assessment.machine, question.session.threads);
  if (!engine) return pass_on(engine);
  const auto prior = prior_of(invocation, grounds);
  if (!prior) return pass_on(prior);
  auto found = planning_calibration(*prior, *assessment.machine, *engine, invocation);
  if (!found) return pass_on(found);
  const std::optional<Calibration> known = std::move(*found);
  const MeasurementBox box{.seconds = *seconds, .usable_memory = grounds.available.optional()};
  const bool is_file = file_bytes.has_value();
  const auto plan = plan_measurement(question, *known, box, !is_file);
  if (!plan) return pass_on(plan);
  const BenchModel model = bench_model(invocation, question, *plan, is_file);
  const auto compared = *prior ? *prior : std::optional(PriorKnowledge{*known, {}, {}});
  if (auto done = measure_plan(assessment, model, *plan, box, compared, *engine, invocation);
      !done) {
    return pass_on(done);
  }
  const Circumstances around{known,
                             grounds.available,
                             grounds.policy,
                             &catalogue,
                             judged_machine(invocation, grounds),
                             predicted.subject};
  assessment.verdicts.push_back(
      measured_verdict(question, std::move(predicted.verdict), around, *plan, assessment));
  Verdict& verdict = assessment.verdicts.back();
  const Fact<double> drawn = decode_watts(assessment.runs, engine->threads);
  put_cost(cost, invocation, grounds, drawn.is_known() ? drawn : known->decode_watts, verdict);
  assessment.gpus = std::move(predicted.gpus);
  if (file_bytes) verdict.prediction.file_bytes = *file_bytes;
  assessment.other_engines = other_engines(invocation, assessment.machine->id, verdict.format,
                                           verdict.prediction.decode_tokens_per_second);
  return finish(invocation, grounds.policy, assessment,
                run_words(question, *plan, assessment, is_file));
}

}  // namespace assay
