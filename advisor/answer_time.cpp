#include "advisor/answer_time.hpp"

namespace assay {
namespace {

bool always_thinks(const Question& question) {
  // "effort-levels": how long can be chosen, whether cannot.
  return question.thinking == "always" || question.thinking == "effort-levels";
}

AnswerTime answer_time(const Question& question, const Prediction& prediction, bool thinking) {
  AnswerTime time;
  time.thinking = thinking;
  time.thinking_tokens = thinking ? question.thinking_tokens : 0;
  time.seconds = time_to_answer(prediction, time.thinking_tokens + question.answer_tokens);
  return time;
}

}  // namespace

Estimate time_to_answer(const Prediction& prediction, std::uint64_t tokens) {
  const Estimate& first = prediction.time_to_first_token_seconds;
  const Estimate& decode = prediction.decode_tokens_per_second;
  if (!first.is_known() || !decode.is_known()) return {};
  const auto count = static_cast<double>(tokens);
  const bool measured = first.basis != Basis::profile && decode.basis != Basis::profile;
  return {first.low + count / decode.high, first.expected + count / decode.expected,
          first.high + count / decode.low, Origin::predicted,
          measured ? decode.basis : Basis::profile};
}

std::uint64_t tokens_kept(const Question& question, const AnswerTime& time) {
  return question.prompt_tokens + time.thinking_tokens + question.answer_tokens;
}

AnswerTimes answer_times(const Question& question, const Prediction& prediction) {
  if (question.thinking != "toggle") {
    return {answer_time(question, prediction, always_thinks(question)), std::nullopt};
  }
  return {answer_time(question, prediction, question.use_thinks),
          answer_time(question, prediction, !question.use_thinks)};
}

}  // namespace assay
