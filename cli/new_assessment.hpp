#pragma once

#include <string>

#include "reports/assessment.hpp"

namespace assay {

/// An empty assessment with a fresh run id, the time, and this program's build.
Assessment new_assessment(std::string command);

}  // namespace assay
