#include "cli/tool_info.hpp"

#include <fmt/format.h>

namespace assay {

ToolInfo tool_info() {
  return {.version = ASSAY_VERSION,
          .revision = ASSAY_REVISION,
          .build_type = ASSAY_BUILD_TYPE,
          .compiler = ASSAY_COMPILER};
}

std::string version_text() {
  const ToolInfo tool = tool_info();
  return fmt::format("assay {} ({}, {}, {})\n", tool.version, tool.revision, tool.build_type,
                     tool.compiler);
}

}  // namespace assay
