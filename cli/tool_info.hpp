#pragma once

#include <string>

#include "reports/assessment.hpp"

namespace assay {

/// Version and build of this program.
ToolInfo tool_info();
/// The text of --version.
std::string version_text();

}  // namespace assay
