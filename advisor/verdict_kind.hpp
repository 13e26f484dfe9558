#pragma once

#include <optional>
#include <string_view>

namespace assay {

/// From the best to the worst; unknown is none of them.
enum class VerdictKind { comfortable, ok, tight, no, unknown };
/// What a verdict is no better for.
enum class Limit {
  memory,
  decode_speed,
  first_token,
  answer_time,
  context,
  storage,
  unsupported,
  none
};
std::string_view verdict_name(VerdictKind verdict);
std::optional<VerdictKind> verdict_from_name(std::string_view name);
std::string_view limit_name(Limit limit);
std::optional<Limit> limit_from_name(std::string_view name);

/// comfortable, ok or tight: the model can be used.
bool is_yes(VerdictKind verdict);
/// comfortable or ok: the model can be recommended.
bool is_good(VerdictKind verdict);
/// tight or no.
bool is_bad(VerdictKind verdict);
/// Anything is better than unknown.
bool is_better(VerdictKind a, VerdictKind b);

}  // namespace assay
