#pragma once

#include <string>

#include "base/fact.hpp"

namespace assay {

struct PowerProfile {
  Fact<bool> on_battery;
  Fact<std::string> platform_profile;
};

}  // namespace assay
