#include "advisor/words/why.hpp"

#include <fmt/format.h>

#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

std::string subject(const Question& question) {
  return fmt::format("{} in {}", question.model, question.format);
}

std::string memory_words(const Prediction& prediction) {
  return fmt::format("needs {} of the {} available", human_bytes(prediction.footprint.peak()),
                     human_bytes(prediction.available.value()));
}

std::string no_memory_words(const Question& question, const Prediction& prediction,
                            const Policy& policy) {
  const Bytes needed = prediction.footprint.peak();
  const Bytes available = prediction.available.value();
  if (needed > available) {
    return fmt::format("No: {} needs {} of memory, and {} are available.", subject(question),
                       human_bytes(needed), human_bytes(available));
  }
  return fmt::format("No: {} needs {} of the {} of memory available, more than {:.0f} % of it.",
                     subject(question), human_bytes(needed), human_bytes(available),
                     100.0 * policy.memory_tight);
}

std::string no_context_words(const Question& question, const AnswerTime& time) {
  if (question.session.context > question.spec.trained_context) {
    return fmt::format("No: {} was trained for a context of {} tokens, and {} are asked for.",
                       question.model, question.spec.trained_context, question.session.context);
  }
  return fmt::format("No: a prompt of {} tokens{} and an answer of {} do not fit a context of {}.",
                     question.prompt_tokens,
                     time.thinking ? fmt::format(", {} of thinking", time.thinking_tokens) : "",
                     question.answer_tokens, question.session.context);
}

std::string no_words(const Question& question, const Verdict& verdict, const Policy& policy) {
  const Prediction& prediction = verdict.prediction;
  const Limit limit = verdict.limit;
  if (limit == Limit::context) return no_context_words(question, verdict.answer.time);
  if (limit == Limit::memory) return no_memory_words(question, prediction, policy);
  return fmt::format("No: {} would answer at {}, below the {} tokens/s that make it usable.",
                     subject(question), decode_words(prediction.decode_tokens_per_second),
                     policy.decode_no);
}

std::string unknown_words(const Question& question, const Prediction& prediction) {
  return fmt::format(
      "Cannot tell: {} needs {} of memory, and how much is available is unknown ({}).",
      subject(question), human_bytes(prediction.footprint.peak()),
      prediction.available.reason().empty() ? prediction.available.source()
                                            : prediction.available.reason());
}

std::string opening(VerdictKind kind, Limit limit) {
  if (kind == VerdictKind::comfortable) return "Yes, comfortably";
  if (kind == VerdictKind::ok) return "Yes";
  if (limit == Limit::memory) return "Just about";
  return limit == Limit::decode_speed ? "Yes, but slowly" : "Yes, after a wait";
}

std::string yes_words(const Question& question, const Verdict& verdict, const Policy& policy) {
  const Prediction& prediction = verdict.prediction;
  const VerdictKind kind = verdict.verdict;
  const Limit limit = verdict.limit;
  const Estimate& decode = prediction.decode_tokens_per_second;
  if (!decode.is_known()) {
    return fmt::format(
        "{}: {} {}; how fast it would answer is unknown until `assay assess` has "
        "measured the machine.",
        kind == VerdictKind::tight ? "It just fits" : "It fits", subject(question),
        memory_words(prediction));
  }
  std::string wait;
  if (limit == Limit::first_token) {
    wait = fmt::format(", after {} for a prompt of {} tokens",
                       seconds_words(prediction.time_to_first_token_seconds.expected),
                       question.prompt_tokens);
  }
  const AnswerTime& time = verdict.answer.time;
  const bool is_long = time.thinking && time.seconds.is_known() &&
                       time.seconds.expected > policy.thinking_answer_ok_seconds;
  if (limit == Limit::answer_time || is_long) {
    wait += fmt::format(", so that an answer with its thinking takes {}",
                        seconds_words(time.seconds.expected));
  }
  return fmt::format("{}: {} {} and should answer at {}{}.", opening(kind, limit),
                     subject(question), memory_words(prediction), decode_words(decode), wait);
}

}  // namespace

std::string why_words(const Question& question, const Verdict& verdict, const Policy& policy) {
  if (verdict.verdict == VerdictKind::no) {
    return no_words(question, verdict, policy);
  }
  if (verdict.verdict == VerdictKind::unknown) return unknown_words(question, verdict.prediction);
  return yes_words(question, verdict, policy);
}

}  // namespace assay
