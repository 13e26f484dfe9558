#include "reports/document.hpp"
#include "reports/render/formats.hpp"

namespace assay {

std::string render_json(const Assessment& assessment, const RenderOptions&) {
  return json_text(document_from(assessment));
}

}  // namespace assay
