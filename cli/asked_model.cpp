#include "cli/asked_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/quantisation.hpp"
#include "reference-engine/tokenizer.hpp"

namespace assay {
namespace {

// What most people download.
constexpr Recipe k_usual_recipe = Recipe::q4_k_m;
constexpr Bytes k_most_config_bytes = mebibytes(4);

/// The file's own word for its mixture, else the format of most of its bytes.
std::string format_of(const GgufFile& file, const TensorPlan& plan) {
  if (const auto number = file.count("general.file_type")) {
    if (const auto recipe = recipe_of_file_type(*number)) return std::string(recipe_name(*recipe));
  }
  std::map<WeightFormat, std::uint64_t> bytes;
  for (const PlannedTensor& tensor : plan.tensors) bytes[tensor.format] += tensor.bytes.value;
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? "unknown" : std::string(format_name(most->first));
}

Result<AskedModel> from_gguf(const std::string& path) {
  const auto file = GgufFile::open(path);
  if (!file) return pass_on(file);
  auto spec = model_spec(*file);
  if (!spec) return pass_on(spec);
  auto plan = tensor_plan(*file, *spec);
  if (!plan) return pass_on(plan);
  // Memory and speed do not depend on how text becomes tokens: a vocabulary of a kind that the
  // engine does not read is no reason to refuse an answer, a broken one is.
  if (Tokenizer::supports(*file)) {
    if (const auto tokenizer = Tokenizer::from(*file); !tokenizer) return pass_on(tokenizer);
  }
  AskedModel asked;
  asked.name = std::filesystem::path(path).filename().string();
  asked.format = format_of(*file, *plan);
  asked.spec = std::move(*spec);
  asked.plan = std::move(*plan);
  asked.file_bytes = file->file().size();
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
