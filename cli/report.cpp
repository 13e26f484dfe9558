#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "reports/document.hpp"
#include "reports/renderer.hpp"

namespace assay {
namespace {

std::string format_names() {
  std::vector<std::string_view> names;
  for (const RenderFormat& format : render_formats()) names.push_back(format.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  add("result", options::value<std::string>()->value_name("RESULT.json"),
      "a result document (default: the latest one that is kept here)");
  add("format",
      options::value<std::string>()->value_name("FORMAT")->default_value(
          std::string(render_formats().front().name)),
      format_names().c_str());
  places.add("result", 1);
}

/// RESULT.json, or the latest result.
Result<std::filesystem::path> document_path(const Invocation& invocation) {
  if (invocation.has("result")) {
    return std::filesystem::path(invocation.get<std::string>("result"));
  }
  const std::filesystem::path latest = invocation.state / "latest.json";
  std::error_code error;
  if (invocation.state.empty() || !std::filesystem::exists(latest, error)) {
    return fail(ErrorCode::usage, "no result is stored yet", {},
                "run `assay assess` first, or name a result document");
  }
  return latest;
}

Result<int> run(const Invocation& invocation) {
  const std::string name = invocation.json ? "json" : invocation.get<std::string>("format");
  const RenderFormat* format = find_render_format(name);
  if (format == nullptr) {
    return fail(ErrorCode::usage,
                fmt::format("'{}' is no format (expected {})", printable(name), format_names()),
                "--format");
  }
  const auto path = document_path(invocation);
  if (!path) return pass_on(path);
  const auto assessment = read_document_file(*path);
  if (!assessment) return pass_on(assessment);
  std::string text = format->render(*assessment, render_options(invocation));
  if (name == "json") {  // the document itself: an assessment lacks what is only written
    const auto document = read_json_file(*path);
    if (!document) return pass_on(document);
    text = json_text(*document);
  }
  if (auto delivered = deliver(invocation, text); !delivered) {
    return pass_on(delivered);
  }
  return k_exit_yes;
}

}  // namespace

Command report_command() {
  return {.name = "report",
          .summary = "show a result as text, JSON or Markdown",
          .usage = "assay report [RESULT.json] [--format FORMAT] [-o FILE]",
          .examples =
              "  assay report                                   the latest result, as a table\n"
              "  assay report result.json --format markdown     for a pull request or a wiki\n"
              "  assay report result.json --json | jq .runs     the document again",
          .declare = declare,
          .run = run};
}

}  // namespace assay
