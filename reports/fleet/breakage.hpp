#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace assay {

/// One way for a result document to be unreadable, as it happens to files on their way.
struct Breakage {
  std::string_view name;
  std::string (*apply)(const Json& document);
};

std::span<const Breakage> breakages();

}  // namespace assay
