#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace assay {

/// Declares --calibration and --models, which `metrics` and `serve` share.
void declare_export_options(options::options_description& own);
/// The document to export: that of --calibration, else the latest result, which may not exist.
/// Errors: usage when there is no state directory to look in.
Result<std::filesystem::path> exported_result(const Invocation& invocation);
/// The models with series of their own: those of --models, else the built-in ones. Errors: usage.
Result<std::vector<std::string>> exported_models(const Invocation& invocation);

}  // namespace assay
