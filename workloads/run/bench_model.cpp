#include "workloads/run/bench_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "reference-engine/quantisation.hpp"
#include "workloads/measure/clock.hpp"

namespace assay {
namespace {

/// The recipe that plans the same tensors.
std::optional<Recipe> recipe_of(const ModelSpec& spec, const TensorPlan& plan) {
  for (const Recipe recipe : all_recipes()) {
    const auto planned = tensor_plan(spec, recipe);
    if (!planned || planned->tensors.size() != plan.tensors.size()) continue;
    const bool same = std::ranges::all_of(planned->tensors, [&plan](const PlannedTensor& tensor) {
      const auto found = std::ranges::find(plan.tensors, tensor.name, &PlannedTensor::name);
      return found != plan.tensors.end() && found->format == tensor.format;
    });
    if (same) return recipe;
  }
  return std::nullopt;
}

void describe_model(PreparedModel& model) {
  model.about.architecture = model.spec.architecture;
  model.about.parameters = model.plan.parameters();
  model.about.active_parameters = model.plan.active_parameters();
  model.about.weight_bytes = model.plan.total_bytes();
  model.about.layers = static_cast<std::uint32_t>(model.spec.layers.size());
}

Result<PreparedModel> prepare_file(const std::filesystem::path& path) {
  auto file = GgufFile::open(path);
  if (!file) return pass_on(file);
  auto spec = model_spec(*file);
  if (!spec) return pass_on(spec);
  auto plan = tensor_plan(*file, *spec);
  if (!plan) return pass_on(plan);
  PreparedModel model;
  model.spec = std::move(*spec);
  model.plan = std::move(*plan);
  model.about.format = format_of(*file, model.spec, model.plan);
  model.file = std::move(*file);
  model.about.id = path.stem().string();
  model.about.source = "gguf";
  model.about.full_layers = static_cast<std::uint32_t>(model.spec.layers.size());
  describe_model(model);
  return model;
}

Result<PreparedModel> prepare_shape(const BenchModel& bench) {
  PreparedModel model;
  model.spec = sliced(*bench.spec, bench.slice_layers);
  auto plan = tensor_plan(model.spec, bench.recipe);
  if (!plan) return pass_on(plan);
  model.plan = std::move(*plan);
  model.recipe = bench.recipe;
  model.about.id = bench.spec->name;
  model.about.source = "synthetic";
  model.about.format = std::string(recipe_name(bench.recipe));
  model.about.full_layers = static_cast<std::uint32_t>(bench.spec->layers.size());
  model.about.is_slice = model.spec.layers.size() < bench.spec->layers.size();
  describe_model(model);
  return model;
}

/// The largest context, down to the workload's own, with which the model would fit; 0 for none.
std::uint32_t largest_context(const PreparedModel& model, SessionShape shape, Bytes usable) {
  std::uint32_t fits = 0;
  std::uint32_t too_much = shape.context;
  while (too_much - fits > 1) {
    shape.context = fits + (too_much - fits) / 2;
    (footprint(model.spec, model.plan, shape).peak() <= usable ? fits : too_much) = shape.context;
  }
  return fits;
}

/// The format with most bits in which the shape would fit.
std::optional<std::pair<Recipe, Bytes>> widest_format(const PreparedModel& model,
                                                      const SessionShape& shape, Bytes usable) {
  std::optional<std::pair<Recipe, Bytes>> widest;
  for (const Recipe recipe : all_recipes()) {
    const auto plan = tensor_plan(model.spec, recipe);
    if (!plan) continue;
    const Bytes needed = footprint(model.spec, *plan, shape).peak();
    if (needed <= usable && (!widest || widest->second < needed)) widest.emplace(recipe, needed);
  }
  return widest;
}

std::string what_would_fit(const PreparedModel& model, const SessionShape& shape, Bytes usable) {
  if (const std::uint32_t context = largest_context(model, shape, usable); context > 0) {
    return fmt::format("a context of at most {} positions would fit", context);
  }
  if (const auto format = widest_format(model, shape, usable)) {
    return fmt::format("the format {} would fit ({})", recipe_name(format->first),
                       human_bytes(format->second));
  }
  return "no format of this model would fit: choose a smaller model";
}

}  // namespace

std::string format_of(const GgufFile& file, const ModelSpec& spec, const TensorPlan& plan) {
  if (const auto number = file.count("general.file_type")) {
    if (const auto recipe = recipe_of_file_type(*number)) return std::string(recipe_name(*recipe));
  }
  if (const auto recipe = recipe_of(spec, plan)) return std::string(recipe_name(*recipe));
  std::map<WeightFormat, std::uint64_t> bytes;
  for (const PlannedTensor& tensor : plan.tensors) bytes[tensor.format] += tensor.bytes.value;
  const auto most =
      std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; });
  return most == bytes.end() ? "none" : std::string(format_name(most->first));
}

Result<PreparedModel> prepare_model(const BenchModel& model) {
  return model.spec ? prepare_shape(model) : prepare_file(model.gguf);
}

Result<PlannedModel> planned_model(const BenchModel& model) {
  auto prepared = prepare_model(model);
  if (!prepared) return pass_on(prepared);
  return PlannedModel{std::move(prepared->spec), std::move(prepared->plan)};
}

SessionShape session_shape(const WorkloadSpec& workload, const MeasureOptions& options) {
  // Passes of more tokens gain nothing (kernel measurements), and cost activation memory.
  constexpr std::uint32_t k_chunk = 512;
  return {.context = std::max(
              workload.context_depth + workload.prompt_tokens + workload.generated_tokens, 1U),
          .cache = options.cache,
          .chunk = std::clamp(workload.prompt_tokens, 1U, k_chunk),
          .threads = options.threads};
}

Result<void> check_memory(const PreparedModel& model, const SessionShape& shape,
                          const std::optional<Bytes>& usable) {
  if (!usable) return {};
  const Bytes needed = footprint(model.spec, model.plan, shape).peak();
  if (needed <= *usable) return {};
  return fail(ErrorCode::does_not_fit,
              fmt::format("{} needs {}, {} are available", model.about.format, human_bytes(needed),
                          human_bytes(*usable)),
              model.about.id, what_would_fit(model, shape, *usable));
}

Result<LoadedModel> load_prepared(const PreparedModel& model, const MeasureOptions& options,
                                  const KernelTable& kernels, ThreadPool& pool,
                                  const std::stop_token& stop) {
  const Clock clock = steady_clock();
  if (!model.file) {
    auto made = synthesise_model(model.spec, model.recipe, options.seed, kernels, pool, stop);
    if (!made) return pass_on(made);
    const auto absent = Fact<double>::absent("synthetic weights are made, not loaded");
    return LoadedModel{std::move(*made), absent, absent};
  }
  if (!options.time_loading) {
    auto loaded = load_model(*model.file, kernels, pool, stop);
    if (!loaded) return pass_on(loaded);
    const auto unknown = Fact<double>::unknown("loading was not timed");
    return LoadedModel{std::move(*loaded), unknown, unknown};
  }
  const auto timed_load = [&](double& seconds) {
    const double start = clock();
    auto loaded = load_model(*model.file, kernels, pool, stop);
    seconds = clock() - start;
    return loaded;
  };
  model.file->file().drop_cache();
  double cold = 0.0;
  double warm = 0.0;
  auto first = timed_load(cold);
  if (!first) return pass_on(first);
  const auto cold_fact = Fact<double>::known(cold, "after the system was asked to drop the file");
  // A second load of a large file would cost more time than the measurement.
  constexpr double k_longest_repeated = 15.0;
  if (cold > k_longest_repeated) {
    return LoadedModel{std::move(*first), cold_fact,
                       Fact<double>::unknown("the first load took too long to repeat it")};
  }
  {
    const Model dropped = std::move(*first);
  }
  auto second = timed_load(warm);
  if (!second) return pass_on(second);
  return LoadedModel{std::move(*second), cold_fact, Fact<double>::known(warm, "loaded again")};
}

}  // namespace assay
