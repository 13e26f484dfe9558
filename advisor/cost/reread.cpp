#include "advisor/cost/reread.hpp"

#include <algorithm>
#include <cmath>

namespace assay {

double reread_times(const std::vector<RereadSpeed>& speeds, double bytes) {
  const auto after = std::find_if(speeds.begin(), speeds.end(),
                                  [&](const RereadSpeed& speed) { return speed.bytes > bytes; });
  if (after == speeds.end()) return 1.0;
  if (after == speeds.begin()) return after->times;
  const RereadSpeed& before = *std::prev(after);
  const double way = std::log(bytes / before.bytes) / std::log(after->bytes / before.bytes);
  return before.times + way * (after->times - before.times);
}

Work from_memory(Work step, const std::vector<RereadSpeed>& speeds) {
  double step_bytes = step.cache_bytes;
  for (const auto& [format, bytes] : step.dense) step_bytes += bytes;
  const double others = step_bytes + step.expert_bytes;
  for (const auto& [format, bytes] : step.experts) step_bytes += bytes;
  const double times = reread_times(speeds, step_bytes);
  const double expert_times = reread_times(speeds, others);
  for (auto& [format, bytes] : step.dense) bytes /= times;
  for (auto& [format, bytes] : step.experts) bytes /= expert_times;
  step.cache_bytes /= times;
  return step;
}

}  // namespace assay
