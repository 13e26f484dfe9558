#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"
#include "advisor/verdict_kind.hpp"

namespace assay {

/// What a format of the weights or of the cache makes of the same question.
struct FormatEffect {
  std::string format;      // of the weights
  std::string cache_type;  // of keys and values
  Bytes weights;
  Bytes kv_cache;
  Bytes needed;
  VerdictKind verdict = VerdictKind::unknown;
  Estimate decode_tokens_per_second;
};

/// The model in F16 and in each format that is worth recommending, the largest first, with the
/// question's cache; then in its own format with each other type of cache. Formats that its spec
/// has no plan for are left out.
std::vector<FormatEffect> format_effects(const Question& question,
                                         const std::optional<Calibration>& calibration,
                                         const Fact<Bytes>& available_memory, const Policy& policy);

}  // namespace assay
