#include "advisor/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "advisor/words/why.hpp"

namespace assay {
namespace {

/// One of the things that a verdict is the worst of.
struct Part {
  VerdictKind kind = VerdictKind::unknown;
  Limit limit = Limit::none;
};

/// comfortable < ok < tight < no.
int badness(VerdictKind kind) { return static_cast<int>(kind); }

VerdictKind memory_kind(const Prediction& prediction, const Policy& policy) {
  if (!prediction.available.is_known()) return VerdictKind::unknown;
  const auto available = static_cast<double>(prediction.available.value().value);
  const auto needed = static_cast<double>(prediction.footprint.peak().value);
  if (needed <= policy.memory_comfortable * available) return VerdictKind::comfortable;
  if (needed <= policy.memory_ok * available) return VerdictKind::ok;
  return needed <= policy.memory_tight * available ? VerdictKind::tight : VerdictKind::no;
}

VerdictKind decode_kind(const Estimate& decode, const Policy& policy) {
  if (!decode.is_known()) return VerdictKind::unknown;
  if (decode.expected < policy.decode_no) return VerdictKind::no;
  if (decode.expected < policy.decode_tight) return VerdictKind::tight;
  return decode.expected < policy.decode_ok ? VerdictKind::ok : VerdictKind::comfortable;
}

VerdictKind first_token_kind(const Estimate& first_token, const Policy& policy) {
  if (!first_token.is_known()) return VerdictKind::unknown;
  if (first_token.expected <= policy.first_token_comfortable_seconds) {
    return VerdictKind::comfortable;
  }
  return first_token.expected <= policy.first_token_ok_seconds ? VerdictKind::ok
                                                               : VerdictKind::tight;
}

VerdictKind thinking_kind(const AnswerTime& time, const Policy& policy) {
  if (!time.thinking) return VerdictKind::comfortable;
  if (!time.seconds.is_known()) return VerdictKind::unknown;
  if (time.seconds.expected <= policy.thinking_answer_comfortable_seconds) {
    return VerdictKind::comfortable;
  }
  return time.seconds.expected <= policy.thinking_answer_ok_seconds ? VerdictKind::ok
                                                                    : VerdictKind::tight;
}

/// The worst of the known parts; of equally bad ones the first. Comfortable names no limit.
Part worst(const std::array<Part, 4>& parts) {
  Part found{VerdictKind::comfortable, Limit::none};
  for (const Part& part : parts) {
    if (part.kind != VerdictKind::unknown && badness(part.kind) > badness(found.kind)) found = part;
  }
  return found;
}

Part decide(const Question& question, const Prediction& prediction, const AnswerTime& time,
            const Policy& policy) {
  if (question.session.context > question.spec.trained_context ||
      tokens_kept(question, time) > question.session.context) {
    return {VerdictKind::no, Limit::context};
  }
  const VerdictKind memory = memory_kind(prediction, policy);
  const VerdictKind decode = decode_kind(prediction.decode_tokens_per_second, policy);
  const Part found = worst(
      {Part{memory, Limit::memory}, Part{decode, Limit::decode_speed},
       Part{first_token_kind(prediction.time_to_first_token_seconds, policy), Limit::first_token},
       Part{thinking_kind(time, policy), Limit::answer_time}});
  if (found.kind == VerdictKind::no) return found;
  if (memory == VerdictKind::unknown) return {VerdictKind::unknown, Limit::memory};
  // "Comfortable" promises a speed; without one the best that can be said is that it fits.
  if (decode == VerdictKind::unknown && found.kind == VerdictKind::comfortable) {
    return {VerdictKind::ok, Limit::none};
  }
  return found;
}

}  // namespace

bool is_yes(VerdictKind verdict) { return is_good(verdict) || verdict == VerdictKind::tight; }

bool is_good(VerdictKind verdict) {
  return verdict == VerdictKind::comfortable || verdict == VerdictKind::ok;
}

bool is_bad(VerdictKind verdict) {
  return verdict == VerdictKind::tight || verdict == VerdictKind::no;
}

bool is_better(VerdictKind a, VerdictKind b) { return static_cast<int>(a) < static_cast<int>(b); }

Verdict judge(const Question& question, const Prediction& prediction, const Policy& policy) {
  const AnswerTimes times = answer_times(question, prediction);
  const Part part = decide(question, prediction, times.judged, policy);
  Verdict verdict;
  verdict.model = question.model;
  verdict.format = question.format;
  verdict.cache_type = cache_format_name(question.session.cache);
  verdict.context = question.session.context;
  verdict.depth = question.depth;
  verdict.use = question.use;
  verdict.prompt_tokens = question.prompt_tokens;
  verdict.answer_tokens = question.answer_tokens;
  verdict.verdict = part.kind;
  verdict.limit = part.limit;
  verdict.prediction = prediction;
  verdict.answer = {times.judged, part.kind};
  if (times.other) {
    verdict.other_answer = {*times.other, decide(question, prediction, *times.other, policy).kind};
  }
  verdict.why = why_words(question, verdict, policy);
  return verdict;
}

Result<Question> question_of(const CatalogueEntry& entry, Recipe recipe,
                             const SessionShape& session, const Policy::Use& use) {
  auto plan = tensor_plan(entry.spec, recipe);
  if (!plan) return pass_on(plan);
  Question question;
  question.model = entry.id;
  question.spec = entry.spec;
  question.plan = std::move(*plan);
  question.format = recipe_name(recipe);
  question.session = session;
  question.session.context = std::min(session.context, entry.spec.trained_context);
  ask_for(question, use, entry.thinking);
  question.engine_runs = entry.engine_runs;
  return question;
}

void ask_for(Question& question, const Policy::Use& use, std::string thinking) {
  question.use = use.name;
  question.prompt_tokens = use.prompt_tokens;
  question.answer_tokens = use.answer_tokens;
  question.thinking_tokens = use.thinking_tokens;
  question.use_thinks = use.thinks;
  question.thinking = std::move(thinking);
}

}  // namespace assay
