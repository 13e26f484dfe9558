#include "cli/exported_result.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "reports/metrics.hpp"

namespace assay {

void declare_export_options(options::options_description& own) {
  auto add = own.add_options();
  add("calibration", options::value<std::string>()->value_name("RESULT.json"),
      "the result to export (default: the latest one that is kept here)");
  add("models", options::value<std::string>()->value_name("A,B,..."),
      "catalogue models with series of their own, at most 12 (default: a fixed choice, the same "
      "on every machine)");
}

Result<std::filesystem::path> exported_result(const Invocation& invocation) {
  if (invocation.has("calibration")) {
    return std::filesystem::path(invocation.get<std::string>("calibration"));
  }
  if (invocation.state.empty()) {
    return fail(ErrorCode::usage, "no place to look for results: HOME is not set", {},
                "name a result with --calibration, or set ASSAY_STATE to a directory");
  }
  return invocation.state / "latest.json";
}

Result<std::vector<std::string>> exported_models(const Invocation& invocation) {
  if (!invocation.has("models")) return builtin_metric_models();
  std::vector<std::string> models;
  for (const std::string_view name : split(invocation.get<std::string>("models"), ',')) {
    if (!trim(name).empty()) models.emplace_back(trim(name));
  }
  if (models.empty() || models.size() > k_most_metric_models) {
    return fail(ErrorCode::usage,
                fmt::format("{} models named (expected 1 to {}, separated by commas)",
                            models.size(), k_most_metric_models),
                "--models");
  }
  return models;
}

}  // namespace assay
