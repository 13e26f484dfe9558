#include <array>

#include "reports/render/formats.hpp"

namespace assay {

std::span<const RenderFormat> render_formats() {
  static constexpr std::array k_formats{
      RenderFormat{"text", "tables for a terminal", render_text},
      RenderFormat{"json", "the result document, assay.result/1", render_json},
      RenderFormat{"markdown", "tables for a pull request or a wiki", render_markdown},
  };
  return k_formats;
}

const RenderFormat* find_render_format(std::string_view name) {
  for (const RenderFormat& format : render_formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace assay
