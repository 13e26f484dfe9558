#include "reports/document.hpp"
#include "reports/render/formats.hpp"

namespace assay {

std::string render_json(const Assessment& assessment, const RenderOptions&) {
  return document_from(assessment).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace assay
