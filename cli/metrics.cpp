#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/exported_result.hpp"
#include "cli/tool_info.hpp"
#include "reports/document.hpp"
#include "reports/metrics.hpp"

namespace assay {
namespace {

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  declare_export_options(own);
}

Result<int> run(const Invocation& invocation) {
  const auto file = exported_result(invocation);
  if (!file) return pass_on(file);
  auto models = exported_models(invocation);
  if (!models) return pass_on(models);
  std::error_code error;
  const bool is_there = invocation.has("calibration") || std::filesystem::exists(*file, error);
  Result<Assessment> assessment =
      is_there ? read_document_file(*file) : fail(ErrorCode::unknown, "no result is stored yet");
  if (!assessment && invocation.has("calibration")) return pass_on(assessment);

  // A collector learns from assay_result_available that there is nothing to show.
  const MetricInput input{tool_info(),
                          assessment ? std::optional(std::move(*assessment)) : std::nullopt,
                          std::move(*models)};
  const std::string text = invocation.json ? json_text(metrics_json(input)) : metrics_text(input);
  if (auto delivered = deliver(invocation, text); !delivered) return pass_on(delivered);
  if (assessment) return k_exit_yes;
  if (is_there) return pass_on(assessment);
  remark(invocation, "assay: no result is stored yet: run `assay assess`");
  return k_exit_yes;
}

}  // namespace

Command metrics_command() {
  return {.name = "metrics",
          .summary = "the last result as Prometheus metrics",
          .usage = "assay metrics [-o FILE.prom] [--models A,B] [--calibration RESULT.json]",
          .examples =
              "  assay metrics\n"
              "  assay metrics -o /var/lib/prometheus/node-exporter/assay.prom   for "
              "node_exporter's\n"
              "                                      textfile collector: no open port is needed\n"
              "  assay metrics --models qwen3-4b,llama-3.1-8b",
          .declare = declare,
          .run = run};
}

}  // namespace assay
