#pragma once

#include <cstdint>
#include <optional>

#include "advisor/prediction.hpp"

namespace assay {

/// How long a whole answer takes, thinking first or not.
struct AnswerTime {
  bool thinking = false;
  std::uint64_t thinking_tokens = 0;
  Estimate seconds;  // from the question to the last token
};

/// First token + (thinking + answer tokens) / decode rate; the interval takes the slow ends of both
/// together, and the fast ones. Unknown where one of the two is; never measured, as nothing ran it.
Estimate time_to_answer(const Prediction& prediction, std::uint64_t tokens);

/// What the context must hold at the end of the answer: prompt, thinking and answer.
std::uint64_t tokens_kept(const Question& question, const AnswerTime& time);

/// The ways in which a model answers the question: first the one that is judged, then the other one
/// of a model that can do both.
struct AnswerTimes {
  AnswerTime judged;
  std::optional<AnswerTime> other;
};
AnswerTimes answer_times(const Question& question, const Prediction& prediction);

}  // namespace assay
