#include "cli/state.hpp"

#include <cstdlib>
#include <string>

namespace assay {
namespace {

/// The value of an environment variable; nothing when it is unset or empty.
std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
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

}  // namespace assay
