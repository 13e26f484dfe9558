#include "reports/assessment.hpp"

namespace assay {

ToolInfo this_tool() {
  return ToolInfo{ASSAY_VERSION, ASSAY_REVISION, ASSAY_BUILD_TYPE, ASSAY_COMPILER};
}

}  // namespace assay
