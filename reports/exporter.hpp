#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/http_server.hpp"
#include "reports/metrics.hpp"

namespace assay {

/// Serves the last stored result over HTTP: /metrics, /healthz and a page that names them. It reads
/// the file again when it has changed, and never measures anything.
class Exporter {
 public:
  /// `result`: the document that is served; it need not exist yet.
  Exporter(std::filesystem::path result, ToolInfo tool, std::vector<std::string> models);

  /// 200 for the three paths, 404 for any other.
  HttpReply answer(std::string_view path);

 private:
  void refresh();
  [[nodiscard]] std::string page() const;

  struct Stamp {
    std::filesystem::file_time_type written;
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };

  std::filesystem::path result_;
  MetricInput input_;
  std::optional<Stamp> stamp_;
  std::string problem_ = "no result is stored yet: run `assay assess`";
  std::string metrics_;
};

}  // namespace assay
