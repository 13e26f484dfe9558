#include "advisor/cost/suite_runs.hpp"

#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

/// Nothing for a run that is not of a shape and a recipe that are known here.
std::optional<PlannedRun> planned(const RunResult& run, const Suite& suite) {
  const SuiteShape* shape = suite.shape(run.model.id);
  const auto recipe = recipe_from_name(run.model.format);
  const auto cache = cache_format(run.cache_type);
  if (shape == nullptr || !recipe || !cache) return std::nullopt;
  PlannedRun found{&run, shape->spec, {}, *cache};
  found.spec = sliced(found.spec, run.model.layers);
  auto plan = tensor_plan(found.spec, *recipe);
  if (!plan) return std::nullopt;
  found.plan = std::move(*plan);
  return found;
}

}  // namespace

Result<std::vector<PlannedRun>> planned_runs(const std::vector<RunResult>& runs, unsigned threads) {
  const auto suite = builtin_suite();
  if (!suite) return pass_on(suite);
  std::vector<PlannedRun> found;
  for (const RunResult& run : runs) {
    if (run.validity == Validity::invalid || run.engine.threads != threads) continue;
    if (auto one = planned(run, *suite)) found.push_back(std::move(*one));
  }
  return found;
}

double relative_spread(const Statistic& statistic) {
  if (!(statistic.median > 0.0)) return 0.0;
  if (statistic.ci95) {
    return (statistic.ci95->high - statistic.ci95->low) / 2.0 / statistic.median;
  }
  constexpr double k_sigma_per_mad = 1.4826;  // of a normal distribution
  return k_sigma_per_mad * statistic.mad / statistic.median;
}

}  // namespace assay
