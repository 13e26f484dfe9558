#include "cli/asked_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/gguf_model.hpp"
#include "workloads/bench.hpp"

namespace assay {
namespace {

// What most people download.
constexpr Recipe k_usual_recipe = Recipe::q4_k_m;
constexpr Bytes k_most_config_bytes = mebibytes(4);

Result<AskedModel> from_gguf(const std::string& path) {
  auto model = check_gguf_model(path);
  if (!model) return pass_on(model);
  AskedModel asked;
  asked.name = std::filesystem::path(path).filename().string();
  asked.format = format_of(model->file, model->spec, model->plan);
  asked.spec = std::move(model->spec);
  asked.plan = std::move(model->plan);
  asked.file_bytes = model->file.file().size();
  return asked;
}

Result<AskedModel> from_spec(std::string name, ModelSpec spec, Recipe recipe) {
  auto plan = tensor_plan(spec, recipe);
  if (!plan) return pass_on(plan);
  AskedModel asked;
  asked.name = std::move(name);
  asked.spec = std::move(spec);
  asked.plan = std::move(*plan);
  asked.format = recipe_name(recipe);
  return asked;
}

Result<AskedModel> from_config(const std::string& path, Recipe recipe) {
  const auto text = read_file(path, k_most_config_bytes);
  if (!text) return pass_on(text);
  auto spec = spec_from_config_json(*text, path);
  if (!spec) return pass_on(spec);
  return from_spec(path, std::move(*spec), recipe);
}

bool is_path(const std::string& name) {
  std::error_code ignored;
  return name.find('/') != std::string::npos || name.ends_with(".gguf") ||
         name.ends_with(".json") || std::filesystem::exists(name, ignored);
}

std::string suggestion(const std::string& name, const Catalogue& catalogue) {
  const auto nearest = nearest_names(name, catalogue.ids());
  return nearest.empty() ? "see `assay models`"
                         : fmt::format("did you mean {}?", fmt::join(nearest, " or "));
}

}  // namespace

Result<std::optional<Recipe>> format_option(const Invocation& invocation) {
  if (!invocation.has("format")) return std::optional<Recipe>();
  const auto& name = invocation.get<std::string>("format");
  const auto recipe = recipe_from_name(name);
  if (recipe) return recipe;
  std::vector<std::string> known;
  for (const Recipe one : all_recipes()) known.emplace_back(recipe_name(one));
  return fail(ErrorCode::usage, fmt::format("--format: '{}' (expected {})", printable(name, 40),
                                            fmt::join(known, ", ")));
}

Result<AskedModel> find_asked_model(const std::string& name, const std::optional<Recipe>& recipe,
                                    const Catalogue& catalogue) {
  if (const CatalogueEntry* entry = catalogue.find(name)) {
    auto asked = from_spec(entry->id, entry->spec, recipe.value_or(k_usual_recipe));
    if (asked) asked->engine_runs = entry->engine_runs;
    return asked;
  }
  if (!is_path(name)) {
    return fail(ErrorCode::usage, fmt::format("'{}' is not in the catalogue", printable(name, 60)),
                {}, suggestion(name, catalogue));
  }
  if (name.ends_with(".json")) return from_config(name, recipe.value_or(k_usual_recipe));
  if (recipe) {
    return fail(ErrorCode::usage, "--format: a GGUF file has its own formats", printable(name));
  }
  return from_gguf(name);
}

}  // namespace assay
