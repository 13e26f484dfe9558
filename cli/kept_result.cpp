#include "cli/kept_result.hpp"

#include <fmt/format.h>

#include "cli/console.hpp"
#include "cli/state.hpp"

namespace assay {

Result<void> keep_and_show(const Invocation& invocation, const Assessment& assessment,
                           const std::function<std::string()>& text) {
  const auto kept = store_result(invocation.state, assessment);
  if (kept && assessment.partial) {
    return fail(ErrorCode::interrupted, "interrupted; what was measured is kept", kept->string());
  }
  if (auto shown = deliver(invocation, text()); !shown) return shown;
  if (!kept && assessment.partial) {
    return fail(ErrorCode::interrupted,
                "interrupted; what was measured is shown but not kept: " + kept.error().text());
  }
  if (!kept) return pass_on(kept);
  remark(invocation, fmt::format("kept as {}", kept->string()));
  return {};
}

}  // namespace assay
