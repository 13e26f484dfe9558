#include "cli/state.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/file.hpp"
#include "reports/document.hpp"
#include "reports/renderer.hpp"

namespace assay {
namespace {

/// The value of an environment variable; nothing when it is unset or empty.
std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

constexpr const char* k_latest_assessment = "latest.json";
constexpr const char* k_latest_limits = "limits.json";

Result<std::optional<Assessment>> read_kept(const std::filesystem::path& state, const char* name) {
  const std::filesystem::path file = state / name;
  std::error_code error;
  if (state.empty() || !std::filesystem::exists(file, error)) return std::optional<Assessment>();
  auto assessment = read_document_file(file);
  if (!assessment) return pass_on(assessment);
  return std::optional<Assessment>(std::move(*assessment));
}

}  // namespace

std::filesystem::path state_directory() {
  if (const auto own = environment("ASSAY_STATE")) return *own;
  if (const auto state = environment("XDG_STATE_HOME")) {
    return std::filesystem::path(*state) / "assay";
  }
  if (const auto home = environment("HOME")) {
    return std::filesystem::path(*home) / ".local/state/assay";
  }
  return {};
}

Result<std::filesystem::path> store_result(const std::filesystem::path& state,
                                           const Assessment& assessment) {
  if (state.empty()) {
    return fail(ErrorCode::io, "no place to keep results: HOME is not set", {},
                "set ASSAY_STATE to a directory");
  }
  const std::filesystem::path results = state / "results";
  std::error_code error;
  std::filesystem::create_directories(results, error);
  if (error) return fail(ErrorCode::io, error.message(), results.string());
  const std::string text = find_render_format("json")->render(assessment, {});
  std::string time = assessment.started_at;
  std::erase_if(time, [](char letter) { return letter == ':' || letter == '-'; });
  const std::filesystem::path file =
      results / (time + "-" + assessment.run_id.substr(0, 8) + ".json");
  if (auto written = write_file_atomically(file, text); !written) return pass_on(written);
  // Limits alone never take the place of an assessment, which says more.
  const char* latest = assessment.command == "assess"  ? k_latest_assessment
                       : assessment.command == "probe" ? k_latest_limits
                                                       : nullptr;
  if (latest != nullptr && !assessment.partial) {
    if (auto written = write_file_atomically(state / latest, text); !written) {
      return pass_on(written);
    }
  }
  return file;
}

Result<std::optional<Assessment>> latest_limits(const std::filesystem::path& state) {
  return read_kept(state, k_latest_limits);
}

Result<std::optional<Assessment>> latest_result(const std::filesystem::path& state) {
  return read_kept(state, k_latest_assessment);
}

std::filesystem::path verification_cache_file(const std::filesystem::path& state) {
  return state.empty() ? std::filesystem::path() : state / "verified.json";
}

}  // namespace assay
