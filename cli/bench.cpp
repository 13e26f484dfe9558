#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "advisor/catalogue.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "cli/kept_result.hpp"
#include "cli/new_assessment.hpp"
#include "cli/prior_knowledge.hpp"
#include "cli/shared_options.hpp"
#include "cli/state.hpp"
#include "reports/renderer.hpp"
#include "workloads/bench.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_tokens = 1U << 20;
constexpr std::uint32_t k_most_repetitions = 1000;
// One cell of a longer suite may take as long.
constexpr double k_box_seconds = 120.0;

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  auto add = own.add_options();
  add("suite", options::value<std::string>()->value_name("NAME"),
      "the cells of a tier: quick (the default), standard or full");
  add("model", options::value<std::string>()->value_name("FILE"), "a GGUF file");
  add("shape", options::value<std::string>()->value_name("ID"),
      "a shape of the suite or a model of the catalogue, with made-up weights: dense-1b, qwen3-4b");
  add("format", options::value<std::string>()->value_name("F"),
      "format of the made-up weights (default: Q4_K_M)");
  add("prompt", options::value<std::uint32_t>()->value_name("P")->default_value(512),
      "tokens to read; 0: none");
  add("generate", options::value<std::uint32_t>()->value_name("G")->default_value(128),
      "tokens to write after them; 0: none");
  add("depth", options::value<std::uint32_t>()->value_name("N")->default_value(0),
      "positions that the context holds already");
  add("repetitions", options::value<std::uint32_t>()->value_name("N"),
      "so many, if they fit 120 seconds (default: until the median is known to 5 %, 6 to 10)");
  declare_cache_option(own);
  declare_engine_options(own);
}

/// Errors: usage, with the names that are meant perhaps.
tl::unexpected<Error> unknown_name(const char* option, const std::string& given,
                                   const std::vector<std::string>& names) {
  return fail(ErrorCode::usage, fmt::format("--{}: '{}' is not known", option, printable(given)),
              {}, fmt::format("known: {}", fmt::join(names, ", ")));
}

Result<std::uint32_t> number_of(const Invocation& invocation, const char* option,
                                std::uint32_t most) {
  const auto value = invocation.get<std::uint32_t>(option);
  if (value > most) {
    return fail(ErrorCode::usage,
                fmt::format("--{}: {} (expected at most {})", option, value, most));
  }
  return value;
}

Result<WorkloadSpec> workload_of(const Invocation& invocation, const Suite& suite) {
  WorkloadSpec workload;
  for (const auto& [option, into] : {std::pair{"prompt", &workload.prompt_tokens},
                                     std::pair{"generate", &workload.generated_tokens},
                                     std::pair{"depth", &workload.context_depth}}) {
    const auto value = number_of(invocation, option, k_most_tokens);
    if (!value) return pass_on(value);
    *into = *value;
  }
  if (workload.prompt_tokens == 0 && workload.generated_tokens == 0) {
    return fail(ErrorCode::usage, "--prompt 0 and --generate 0 leave nothing to measure");
  }
  const auto same = std::ranges::find_if(suite.workloads, [&workload](const WorkloadSpec& named) {
    return named.prompt_tokens == workload.prompt_tokens &&
           named.generated_tokens == workload.generated_tokens &&
           named.context_depth == workload.context_depth;
  });
  workload.name = same != suite.workloads.end()
                      ? same->name
                      : workload_name(workload.prompt_tokens, workload.generated_tokens,
                                      workload.context_depth);
  return workload;
}

/// A shape of the suite, else a model of the catalogue. Errors: usage, with the nearest names;
/// unknown for a model that the engine does not run.
Result<ModelSpec> shape_of(const std::string& id, const Suite& suite) {
  if (const SuiteShape* shape = suite.shape(id)) return shape->spec;
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  if (const CatalogueEntry* entry = catalogue->find(id)) {
    if (!entry->engine_runs) {
      return fail(ErrorCode::usage, fmt::format("--shape: the engine does not run {} ({})", id,
                                                entry->spec.architecture));
    }
    ModelSpec spec = entry->spec;
    spec.name = entry->id;
    return spec;
  }
  std::vector<std::string> names = catalogue->ids();
  for (const SuiteShape& known : suite.shapes) names.push_back(known.id);
  const auto nearest = nearest_names(id, names);
  return unknown_name("shape", id, nearest.empty() ? names : nearest);
}

Result<BenchModel> model_of(const Invocation& invocation, const Suite& suite) {
  BenchModel model;
  if (invocation.has("model")) {
    if (invocation.has("format")) {
      return fail(ErrorCode::usage, "--format: a file has its own format (expected with --shape)");
    }
    model.gguf = invocation.get<std::string>("model");
    return model;
  }
  auto spec = shape_of(invocation.get<std::string>("shape"), suite);
  if (!spec) return pass_on(spec);
  model.spec = std::move(*spec);
  if (!invocation.has("format")) return model;
  const auto& format = invocation.get<std::string>("format");
  const auto recipe = recipe_from_name(format);
  if (!recipe) {
    std::vector<std::string> names;
    for (const Recipe known : all_recipes()) names.emplace_back(recipe_name(known));
    return unknown_name("format", format, names);
  }
  model.recipe = *recipe;
  return model;
}

Result<MeasureOptions> measure_options(const Invocation& invocation, const EngineChoice& engine,
                                       const MachineProfile& machine) {
  MeasureOptions measure;
  measure.threads = engine.threads;
  measure.max_seconds = k_box_seconds;
  measure.verification_cache = verification_cache_file(invocation.state);
  measure.usable_memory = machine.usable_memory().optional();
  const auto cache = cache_option(invocation);
  if (!cache) return pass_on(cache);
  measure.cache = *cache;
  if (invocation.has("repetitions")) {
    const auto repetitions = number_of(invocation, "repetitions", k_most_repetitions);
    if (!repetitions) return pass_on(repetitions);
    if (*repetitions == 0) return fail(ErrorCode::usage, "--repetitions: 0 (expected 1 or more)");
    measure.min_repetitions = *repetitions;
    measure.max_repetitions = *repetitions;
  }
  return measure;
}

/// One model, or the cells of a tier.
Result<SuiteOutcome> measure(const Invocation& invocation, const EngineChoice& engine,
                             const MachineProfile& machine) {
  const auto suite = builtin_suite();
  if (!suite) return pass_on(suite);
  auto measured = measure_options(invocation, engine, machine);
  if (!measured) return pass_on(measured);
  ProgressLine line(invocation);
  const Progress progress = [&line](const std::string& what, double fraction) {
    line.show(what, fraction);
  };
  if (invocation.has("model") || invocation.has("shape")) {
    const auto workload = workload_of(invocation, *suite);
    if (!workload) return pass_on(workload);
    const auto model = model_of(invocation, *suite);
    if (!model) return pass_on(model);
    return run_single(*model, *workload, *measured, *engine.kernels, progress, invocation.stop);
  }
  const std::string tier =
      invocation.has("suite") ? invocation.get<std::string>("suite") : std::string("quick");
  const auto* cells = tier_cells(*suite, tier);
  if (cells == nullptr) {
    return unknown_name("suite", tier, {suite_tiers().begin(), suite_tiers().end()});
  }
  const auto memory = machine.usable_memory();
  if (!memory.is_known()) {
    return fail(ErrorCode::unknown, "how much memory a model may use: " + memory.reason());
  }
  return run_suite(*suite, *cells, with_rules(*measured, *tier_rules(*suite, tier)),
                   *engine.kernels, memory.value(), progress, invocation.stop);
}

Result<void> check_choice(const Invocation& invocation) {
  int chosen = 0;
  for (const char* option : {"suite", "model", "shape"}) chosen += invocation.has(option) ? 1 : 0;
  if (chosen > 1) {
    return fail(ErrorCode::usage, "--suite, --model and --shape exclude each other");
  }
  if (invocation.has("model") || invocation.has("shape")) return {};
  for (const char* option : {"format", "prompt", "generate", "depth", "repetitions"}) {
    if (!invocation.is_given(option)) continue;
    return fail(ErrorCode::usage, fmt::format("--{}: the cells of a suite have their own", option),
                {}, "name a --model or a --shape");
  }
  return {};
}

Result<int> run(const Invocation& invocation) {
  if (auto single = check_choice(invocation); !single) return pass_on(single);
  Assessment assessment = new_assessment("bench");
  assessment.machine = probe_this_machine();
  const auto engine = choose_engine(invocation, *assessment.machine);
  if (!engine) return pass_on(engine);
  const auto prior = prior_knowledge(invocation, *assessment.machine, engine->threads);
  auto outcome = measure(invocation, *engine, *assessment.machine);
  if (!outcome) return pass_on(outcome);
  assessment.environment.threads = engine->threads;
  if (!invocation.has("model") && !invocation.has("shape")) {
    assessment.environment.suite =
        invocation.has("suite") ? invocation.get<std::string>("suite") : "quick";
  }
  assessment.micro = std::move(outcome->micro);
  assessment.runs = std::move(outcome->runs);
  assessment.skipped = std::move(outcome->skipped);
  assessment.partial = outcome->partial;
  assessment.failed = outcome->failed;
  add_checks(assessment, prior,
             invocation.has("model") ? invocation.get<std::string>("model") : "");
  const auto text = [&] {
    return find_render_format(invocation.json ? "json" : "text")
        ->render(assessment, render_options(invocation));
  };
  if (auto done = keep_and_show(invocation, assessment, text); !done) return pass_on(done);
  if (assessment.failed) return k_exit_failed;
  const bool invalid = std::ranges::any_of(
      assessment.runs, [](const RunResult& one) { return one.validity == Validity::invalid; });
  return invalid ? k_exit_not_valid : k_exit_yes;
}

}  // namespace

Command bench_command() {
  return {.name = "bench",
          .summary = "measure how fast the reference engine runs a model or a suite here",
          .usage =
              "assay bench [--suite NAME | --model FILE.gguf | --shape ID --format F] "
              "[--prompt P] [--generate G] [--depth N]",
          .examples =
              "  assay bench --shape dense-1b --format Q4_K_M           pp512, then tg128\n"
              "  assay bench --model m.gguf --prompt 0 --generate 64    writing only\n"
              "  assay bench --shape moe-7b-a1b --generate 32 --depth 4096\n"
              "  assay bench --suite quick --json -o bench.json         the result document",
          .declare = declare,
          .run = run};
}

}  // namespace assay
