#include <array>

#include "reports/compare.hpp"
#include "reports/document.hpp"
#include "reports/metrics.hpp"
#include "reports/renderer.hpp"
#include "tests/fuzz/targets.hpp"

namespace assay {

void fuzz_result_json(std::string_view input) {
  const auto json = parse_json(input, "fuzz.json");
  if (!json) return;
  static_cast<void>(check_document(*json, "fuzz.json"));
  const auto assessment = read_document(*json, "fuzz.json");
  if (!assessment) return;
  for (const RenderFormat& format : render_formats()) {
    static_cast<void>(format.render(*assessment, {.color = true, .width = 80}));
  }
  static_cast<void>(metrics_text({.tool = {}, .assessment = *assessment, .models = {"qwen3-4b"}}));
  const std::array news{*assessment};
  static_cast<void>(comparison_text(compare_results(*assessment, news, {}), true));
}

}  // namespace assay
