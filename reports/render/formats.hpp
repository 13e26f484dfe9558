#pragma once

#include <string>

#include "reports/renderer.hpp"

namespace assay {

std::string render_text(const Assessment& assessment, const RenderOptions& options);
std::string render_json(const Assessment& assessment, const RenderOptions& options);
std::string render_markdown(const Assessment& assessment, const RenderOptions& options);

}  // namespace assay
