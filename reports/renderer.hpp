#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reports/assessment.hpp"

namespace assay {

struct RenderOptions {
  bool color = false;    // terminal escape sequences
  unsigned width = 100;  // columns of a terminal; formats for programs ignore it
};

/// One way for an assessment to leave the program. Renderers are pure: no input or output, clock or
/// probing.
struct RenderFormat {
  std::string_view name;         // as users type it: "markdown"
  std::string_view description;  // one line for --help
  std::string (*render)(const Assessment& assessment, const RenderOptions& options);
};

/// Every format, the default first (render/render_list.cpp).
std::span<const RenderFormat> render_formats();
/// The format of that name, or nothing.
const RenderFormat* find_render_format(std::string_view name);

}  // namespace assay
