#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/prediction.hpp"
#include "advisor/verdict_kind.hpp"
#include "base/units.hpp"

namespace assay {

/// What a user could do to get a better verdict. The order is that of what it costs: the GPU that
/// is there, settings, the user's own time, quality of the weights, another model, money.
enum class ChangeKind {
  own_gpu,
  answer_without_thinking,
  smaller_cache,
  smaller_context,
  larger_context,
  shorter_prompt,
  close_programs,
  raise_limit,
  other_format,
  several_settings,
  mixture_of_experts,
  smaller_model,
  second_memory_channel,
  more_memory,
  faster_memory,
  gpu,
  other  // of a document that knows more
};
std::string_view change_name(ChangeKind kind);
std::optional<ChangeKind> change_from_name(std::string_view name);

/// One of them with its computed effect.
struct Change {
  ChangeKind kind = ChangeKind::other_format;
  std::string words;                           // one sentence
  VerdictKind verdict = VerdictKind::unknown;  // then
  Estimate decode_tokens_per_second;
  Bytes needed;  // memory
};

}  // namespace assay
