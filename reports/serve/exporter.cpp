#include "reports/exporter.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "reports/document.hpp"

namespace assay {
namespace {

constexpr std::string_view k_metrics_type = "text/plain; version=0.0.4; charset=utf-8";

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Exporter::Exporter(std::filesystem::path result, ToolInfo tool, std::vector<std::string> models)
    : result_(std::move(result)),
      input_{std::move(tool), std::nullopt, std::move(models)},
      metrics_(metrics_text(input_)) {}

void Exporter::refresh() {
  std::error_code error;
  Stamp now;
  now.written = std::filesystem::last_write_time(result_, error);
  if (!error) now.size = std::filesystem::file_size(result_, error);
  if (error) {
    if (stamp_) {
      stamp_.reset();
      input_.assessment.reset();
      problem_ = "the stored result is gone: run `assay assess`";
      metrics_ = metrics_text(input_);
    }
    return;
  }
  if (stamp_ == now) return;
  stamp_ = now;
  auto assessment = read_document_file(result_);
  problem_ = assessment ? std::string() : assessment.error().text();
  input_.assessment = assessment ? std::optional(std::move(*assessment)) : std::nullopt;
  metrics_ = metrics_text(input_);
}

std::string Exporter::page() const {
  std::string status = "<p>" + html_escaped(printable(problem_, 300)) + "</p>\n";
  if (input_.assessment) {
    status = fmt::format("<p>Serving the result of {}, run {}.</p>\n",
                         html_escaped(printable(input_.assessment->started_at, 40)),
                         html_escaped(printable(input_.assessment->run_id, 40)));
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Assay</title></head>"
      "\n<body><h1>Assay {}</h1>\n{}<p><a href=\"/metrics\">/metrics</a> for Prometheus, "
      "<a href=\"/healthz\">/healthz</a> for a supervisor.</p>\n</body></html>\n",
      html_escaped(input_.tool.version), status);
}

HttpReply Exporter::answer(std::string_view path) {
  if (path == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
  if (path == "/metrics") {
    refresh();
    return {200, std::string(k_metrics_type), metrics_};
  }
  if (path == "/") {
    refresh();
    return {200, "text/html; charset=utf-8", page()};
  }
  return {404, "text/plain; charset=utf-8", "Not Found\n"};
}

}  // namespace assay
