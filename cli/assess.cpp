#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/gpu_recommendation.hpp"
#include "advisor/hardware.hpp"
#include "advisor/recommendation.hpp"
#include "base/text.hpp"
#include "cli/can_run_measure.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "cli/grounds.hpp"
#include "cli/kept_result.hpp"
#include "cli/new_assessment.hpp"
#include "cli/prior_knowledge.hpp"
#include "cli/shared_options.hpp"
#include "cli/state.hpp"
#include "reports/renderer.hpp"
#include "workloads/bench.hpp"

namespace assay {
namespace {

// Each catalogue model is judged in the format that most people download.
constexpr Recipe k_judged_recipe = Recipe::q4_k_m;
// Of measuring one model of the sample that --check runs.
constexpr double k_check_seconds = 10.0;

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  auto add = own.add_options();
  add("suite", options::value<std::string>()->value_name("TIER")->default_value("quick"),
      "quick (about a minute), standard (15 minutes) or full");
  add("use", options::value<std::string>()->value_name("USE")->default_value("chat"),
      "what the recommendation is for: chat, code, reasoning, summarise, tools");
  add("check",
      "then run three models that were not measured, and show predicted beside measured (about a "
      "minute and a half more)");
  declare_engine_options(own);
}

/// The verdict on every catalogue model in k_judged_recipe. Errors: those of tensor_plan.
Result<std::vector<Verdict>> judge_catalogue(const Catalogue& catalogue,
                                             const std::optional<Calibration>& calibration,
                                             const MachineProfile& machine, const Policy& policy,
                                             const Policy::Use& use, unsigned threads) {
  std::vector<Verdict> verdicts;
  for (const CatalogueEntry& entry : catalogue.entries) {
    auto plan = tensor_plan(entry.spec, k_judged_recipe);
    if (!plan) return pass_on(plan);
    Question question;
    question.model = entry.id;
    question.spec = entry.spec;
    question.plan = std::move(*plan);
    question.format = recipe_name(k_judged_recipe);
    ask_for(question, use, entry.thinking);
    question.engine_runs = entry.engine_runs;
    question.session.context =
        std::min(static_cast<std::uint32_t>(use.context_tokens), entry.spec.trained_context);
    question.session.threads = threads;
    verdicts.push_back(answer(question, calibration, machine.usable_memory(), policy));
  }
  return verdicts;
}

/// What the conclusions rest on, read before anything is measured.
struct Basics {
  Policy policy;
  Catalogue catalogue;
  PublishedScores scores;
  HardwareTable hardware;
  Policy::Use use;
};

Result<Basics> read_basics(const Invocation& invocation) {
  auto policy = builtin_policy();
  if (!policy) return pass_on(policy);
  auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  const auto use = use_option(invocation, *policy);
  if (!use) return pass_on(use);
  auto scores = builtin_scores();
  if (!scores) return pass_on(scores);
  auto hardware = builtin_hardware();
  if (!hardware) return pass_on(hardware);
  return Basics{.policy = *policy,
                .catalogue = std::move(*catalogue),
                .scores = std::move(*scores),
                .hardware = std::move(*hardware),
                .use = *use};
}

/// Calibrates from what was measured, and fills in verdicts and recommendations.
Result<void> conclude(Assessment& assessment, const Basics& basics, unsigned threads) {
  std::optional<Calibration> calibration;
  if (auto made = calibrate(*assessment.machine, assessment.micro, assessment.runs, threads)) {
    calibration = std::move(*made);
  }
  auto verdicts = judge_catalogue(basics.catalogue, calibration, *assessment.machine, basics.policy,
                                  basics.use, threads);
  if (!verdicts) return pass_on(verdicts);
  assessment.verdicts = std::move(*verdicts);
  const Fact<Bytes> memory = assessment.machine->usable_memory();
  const RecommendOptions wanted{.use = basics.use.name,
                                .context = basics.use.context_tokens,
                                .threads = threads,
                                .scores = &basics.scores};
  assessment.recommendation =
      recommend(basics.catalogue, calibration, memory, basics.policy, wanted);
  assessment.gpu_recommendations =
      recommend_on_gpus(basics.catalogue, gpu_places(*assessment.machine, memory, basics.hardware),
                        basics.policy, wanted);
  return {};
}

/// Runs the cells of a tier into the assessment. Errors: usage for an unknown tier; unknown when
/// the memory to use is.
Result<void> measure(Assessment& assessment, const Invocation& invocation,
                     const EngineChoice& engine) {
  const auto suite = builtin_suite();
  if (!suite) return pass_on(suite);
  const auto& tier = invocation.get<std::string>("suite");
  const std::vector<SuiteCell>* cells = tier_cells(*suite, tier);
  const TierRules* rules = tier_rules(*suite, tier);
  if (cells == nullptr || rules == nullptr) {
    return fail(ErrorCode::usage, fmt::format("--suite: '{}' (expected {})", printable(tier),
                                              fmt::join(suite_tiers(), ", ")));
  }
  const auto memory = assessment.machine->usable_memory();
  if (!memory.is_known()) {
    return fail(ErrorCode::unknown, "how much memory a model may use: " + memory.reason());
  }
  MeasureOptions options = with_rules({}, *rules);
  options.threads = engine.threads;
  options.verification_cache = verification_cache_file(invocation.state);
  ProgressLine progress(invocation);
  const auto show = [&progress](const std::string& what, double fraction) {
    progress.show(what, fraction);
  };
  auto outcome =
      run_suite(*suite, *cells, options, *engine.kernels, memory.value(), show, invocation.stop);
  if (!outcome) return pass_on(outcome);
  assessment.micro = std::move(outcome->micro);
  assessment.runs = std::move(outcome->runs);
  assessment.skipped = std::move(outcome->skipped);
  assessment.partial = outcome->partial;
  assessment.failed = outcome->failed;
  assessment.environment.suite = tier;
  assessment.environment.threads = engine.threads;
  return {};
}

/// Runs a sample of models that the suite does not have, and stores predicted beside measured. What
/// cannot be run is skipped by name. Errors: interrupted is none: the assessment is partial then.
void check_sample(Assessment& assessment, const Basics& basics, const EngineChoice& engine,
                  const Invocation& invocation) {
  auto calibration =
      calibrate(*assessment.machine, assessment.micro, assessment.runs, engine.threads);
  if (!calibration) {
    assessment.skipped.push_back("check: " + calibration.error().text());
    return;
  }
  calibration->origin = assessment.run_id;
  const PriorKnowledge prior{*calibration, assessment.micro, assessment.runs};
  const MeasurementBox box{.seconds = k_check_seconds,
                           .usable_memory = assessment.machine->usable_memory().optional()};
  const std::uint64_t seed = std::hash<std::string>()(assessment.run_id);
  for (const CheckedModel& one :
       sample_to_check(basics.catalogue, *calibration, box, basics.use, engine.threads, seed)) {
    if (assessment.partial || invocation.stop.stop_requested()) break;
    BenchModel model;
    model.spec = one.question.spec;
    model.recipe = recipe_from_name(one.question.format).value_or(model.recipe);
    if (auto run = measure_plan(assessment, model, one.plan, box, prior, engine, invocation);
        !run && run.error().code != ErrorCode::interrupted) {
      assessment.skipped.push_back(
          fmt::format("check of {}: {}", one.question.model, run.error().text()));
    }
  }
  assessment.partial = assessment.partial || invocation.stop.stop_requested();
}

int exit_code_of(const Assessment& assessment) {
  for (const RunResult& run : assessment.runs) {
    if (run.validity == Validity::invalid) return k_exit_not_valid;
  }
  return k_exit_yes;
}

Result<int> run(const Invocation& invocation) {
  const auto started = std::chrono::steady_clock::now();
  const auto basics = read_basics(invocation);
  if (!basics) return pass_on(basics);
  Assessment assessment = new_assessment("assess");
  assessment.machine = probe_this_machine();
  const auto engine = choose_engine(invocation, *assessment.machine);
  if (!engine) return pass_on(engine);
  const auto prior = prior_knowledge(invocation, *assessment.machine, engine->threads);
  if (auto done = measure(assessment, invocation, *engine); !done) return pass_on(done);
  add_checks(assessment, prior);
  if (auto done = conclude(assessment, *basics, engine->threads); !done) return pass_on(done);
  if (invocation.has("check") && !assessment.partial) {
    check_sample(assessment, *basics, *engine, invocation);
  }
  assessment.environment.duration_seconds = Fact<double>::known(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
      "steady clock");
  const auto text = [&] {
    return find_render_format(invocation.json ? "json" : "text")
        ->render(assessment, render_options(invocation));
  };
  if (auto done = keep_and_show(invocation, assessment, text); !done) return pass_on(done);
  return assessment.failed ? k_exit_failed : exit_code_of(assessment);
}

}  // namespace

Command assess_command() {
  return {.name = "assess",
          .summary = "probe and measure this machine, then recommend models for it",
          .usage = "assay [assess] [--suite TIER] [--use USE] [--check]",
          .examples =
              "  assay                            measure for a minute, then see what to run\n"
              "  assay assess --use code          recommend for writing code\n"
              "  assay assess --check             and check the predictions on three other models\n"
              "  assay assess --suite standard    whole models instead of slices\n"
              "  assay assess --json -o me.json   the result document",
          .declare = declare,
          .run = run};
}

}  // namespace assay
