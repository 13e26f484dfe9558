#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace assay {

/// How far a file came.
enum class ModelStage { refused, too_large, ran };

/// All that the program does with a model: parse, spec, plan, vocabulary, memory, load, one token,
/// sampling, and the check against float64. Models above some 64 MiB are left at the
/// plan. Errors: the refusal, which must name the file.
Result<ModelStage> run_model(const std::filesystem::path& path);

}  // namespace assay
