#pragma once

#include <string>

#include "reports/assessment.hpp"
#include "reports/renderer.hpp"

namespace assay {

/// The limits that an assessment measured, with their date: memory, arithmetic, single kinds of
/// cores, memory nodes and storage. Empty when it measured none.
std::string render_measured(const Assessment& assessment, const RenderOptions& options);

}  // namespace assay
