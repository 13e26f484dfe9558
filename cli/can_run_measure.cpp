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
  return calibration_from_profile(machine, found->second.median);
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

/// Leaves out what would not be better than the verdict that was measured.
void keep_better_changes(VerdictKind measured, Verdict& predicted) {
  std::erase_if(predicted.changes, [&](const Change& change) {
    if (is_better(change.verdict, measured)) return false;
    std::erase(predicted.advice, change.words);
    return true;
  });
}

/// Judged by what was measured; formats and contexts stay as they were predicted.
Verdict measured_verdict(const Question& question, const Grounds& grounds, Verdict before,
                         const Calibration& planned_by, const MeasurementPlan& plan,
                         const Assessment& assessment) {
  const Prediction known =
      with_measured(question, planned_by, before.prediction, plan, assessment.runs);
  Verdict verdict = judge(question, known, grounds.policy);
  keep_better_changes(verdict.verdict, before);
  verdict.device = std::move(before.device);
  verdict.advice = std::move(before.advice);
  verdict.changes = std::move(before.changes);
  verdict.formats = std::move(before.formats);
  verdict.contexts = before.contexts;
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
                                const Grounds& grounds, CanRunAnswer predicted,
                                const CostQuestion& cost, const std::optional<Bytes>& file_bytes) {
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
  const auto known = planning_calibration(*prior, *assessment.machine, *engine, invocation);
  if (!known) return pass_on(known);
  const MeasurementBox box{.seconds = *seconds, .usable_memory = grounds.available.optional()};
  const bool is_file = file_bytes.has_value();
  const auto plan = plan_measurement(question, *known, box, !is_file);
  if (!plan) return pass_on(plan);
  const BenchModel model = bench_model(invocation, question, *plan, is_file);
  if (auto done = measure_plan(assessment, model, *plan, box, *prior, *engine, invocation); !done) {
    return pass_on(done);
  }
  assessment.verdicts.push_back(
      measured_verdict(question, grounds, std::move(predicted.verdict), *known, *plan, assessment));
  Verdict& verdict = assessment.verdicts.back();
  put_cost(cost, grounds, &grounds.machine, verdict);
  assessment.gpus = std::move(predicted.gpus);
  if (file_bytes) verdict.prediction.file_bytes = *file_bytes;
  assessment.other_engines = other_engines(invocation, assessment.machine->id, verdict.format,
                                           verdict.prediction.decode_tokens_per_second);
  return finish(invocation, grounds.policy, assessment,
                run_words(question, *plan, assessment, is_file));
}

}  // namespace assay
