#include "cli/prior_knowledge.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "advisor/catalogue.hpp"
#include "cli/console.hpp"
#include "cli/state.hpp"

namespace assay {
namespace {

/// What a run of made-up weights ran; nothing for a name that is not known here.
std::optional<BenchModel> bench_model_of(const RunModel& about, const Suite& suite,
                                         const Catalogue& catalogue) {
  const auto recipe = recipe_from_name(about.format);
  if (!recipe) return std::nullopt;
  BenchModel model;
  model.recipe = *recipe;
  model.slice_layers = about.is_slice ? about.layers : 0;
  if (const SuiteShape* shape = suite.shape(about.id)) {
    model.spec = shape->spec;
  } else if (const CatalogueEntry* entry = catalogue.find(about.id)) {
    model.spec = entry->spec;
  } else {
    return std::nullopt;
  }
  return model;
}

void add_check(Assessment& assessment, const std::optional<PriorKnowledge>& prior,
               const BenchModel& model, const RunResult& run) {
  const auto planned = planned_model(model);
  if (!planned) return;
  auto checks = check_run(run, planned->spec, planned->plan, prior, assessment.micro);
  std::ranges::move(checks, std::back_inserter(assessment.checks));
}

}  // namespace

std::optional<PriorKnowledge> prior_knowledge(const Invocation& invocation,
                                              const MachineProfile& machine, unsigned threads) {
  auto latest = latest_result(invocation.state);
  if (!latest) {
    remark(invocation, fmt::format("assay: {} (left aside: nothing is compared with it)",
                                   latest.error().text()));
    return std::nullopt;
  }
  if (!*latest || !(*latest)->machine || (*latest)->machine->id != machine.id) return std::nullopt;
  Assessment& known = **latest;
  auto calibration = calibrate(*known.machine, known.micro, known.runs, threads);
  if (!calibration) return std::nullopt;
  calibration->origin = known.run_id;
  return PriorKnowledge{std::move(*calibration), std::move(known.micro), std::move(known.runs)};
}

void add_checks(Assessment& assessment, const std::optional<PriorKnowledge>& prior,
                const std::filesystem::path& gguf, std::size_t first) {
  const auto suite = builtin_suite();
  const auto catalogue = builtin_catalogue();
  if (!suite || !catalogue) return;
  for (std::size_t i = first; i < assessment.runs.size(); ++i) {
    const RunResult& run = assessment.runs[i];
    const auto model = run.model.source == "gguf"
                           ? std::optional(BenchModel{.gguf = gguf, .spec = std::nullopt})
                           : bench_model_of(run.model, *suite, *catalogue);
    if (model) add_check(assessment, prior, *model, run);
  }
}

void add_checks_of(Assessment& assessment, const std::optional<PriorKnowledge>& prior,
                   const BenchModel& model, std::size_t first) {
  for (std::size_t i = first; i < assessment.runs.size(); ++i) {
    add_check(assessment, prior, model, assessment.runs[i]);
  }
}

}  // namespace assay
