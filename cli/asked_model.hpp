#pragma once

#include <optional>
#include <string>

#include "advisor/catalogue.hpp"
#include "advisor/prediction.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"

namespace assay {

/// A model as a user names it: what a question about it needs.
struct AskedModel {
  std::string name;
  ModelSpec spec;
  TensorPlan plan;
  std::string format;
  bool engine_runs = true;
  std::optional<Bytes> file_bytes;  // of a file that is there
};

/// The recipe of --format; nothing where it was not given. Errors: usage.
Result<std::optional<Recipe>> format_option(const Invocation& invocation);

/// MODEL of can-run: a GGUF file, a config.json, or a name of the catalogue; the recipe holds for
/// the last two. Errors: usage for a name that is not in the catalogue (the nearest are suggested)
/// and for a recipe with a GGUF file; refused_input for a broken file.
Result<AskedModel> find_asked_model(const std::string& name, const std::optional<Recipe>& recipe,
                                    const Catalogue& catalogue);

}  // namespace assay
