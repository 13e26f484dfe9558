#include "advisor/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// One of the three things that a verdict is the worst of.
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

/// The worst of the known parts; of equally bad ones the first. Comfortable names no limit.
Part worst(const std::array<Part, 3>& parts) {
  Part found{VerdictKind::comfortable, Limit::none};
  for (const Part& part : parts) {
    if (part.kind != VerdictKind::unknown && badness(part.kind) > badness(found.kind)) found = part;
  }
  return found;
}

Part decide(const Question& question, const Prediction& prediction, const Policy& policy) {
  if (question.session.context > question.spec.trained_context) {
    return {VerdictKind::no, Limit::context};
  }
  const VerdictKind memory = memory_kind(prediction, policy);
  const VerdictKind decode = decode_kind(prediction.decode_tokens_per_second, policy);
  const Part found = worst(
      {Part{memory, Limit::memory}, Part{decode, Limit::decode_speed},
       Part{first_token_kind(prediction.time_to_first_token_seconds, policy), Limit::first_token}});
  if (found.kind == VerdictKind::no) return found;
  if (memory == VerdictKind::unknown) return {VerdictKind::unknown, Limit::memory};
  // "Comfortable" promises a speed; without one the best that can be said is that it fits.
  if (decode == VerdictKind::unknown && found.kind == VerdictKind::comfortable) {
    return {VerdictKind::ok, Limit::none};
  }
  return found;
}

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

std::string no_words(const Question& question, const Prediction& prediction, const Policy& policy,
                     Limit limit) {
  if (limit == Limit::context) {
    return fmt::format("No: {} was trained for a context of {} tokens, and {} are asked for.",
                       question.model, question.spec.trained_context, question.session.context);
  }
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

std::string yes_words(const Question& question, const Prediction& prediction, VerdictKind kind,
                      Limit limit) {
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
  return fmt::format("{}: {} {} and should answer at {}{}.", opening(kind, limit),
                     subject(question), memory_words(prediction), decode_words(decode), wait);
}

}  // namespace

bool is_yes(VerdictKind verdict) { return is_good(verdict) || verdict == VerdictKind::tight; }

bool is_good(VerdictKind verdict) {
  return verdict == VerdictKind::comfortable || verdict == VerdictKind::ok;
}

Verdict judge(const Question& question, const Prediction& prediction, const Policy& policy) {
  const Part part = decide(question, prediction, policy);
  Verdict verdict;
  verdict.model = question.model;
  verdict.format = question.format;
  verdict.context = question.session.context;
  verdict.depth = question.depth;
  verdict.use = question.use;
  verdict.prompt_tokens = question.prompt_tokens;
  verdict.verdict = part.kind;
  verdict.limit = part.limit;
  verdict.prediction = prediction;
  if (part.kind == VerdictKind::no) {
    verdict.why = no_words(question, prediction, policy, part.limit);
  } else if (part.kind == VerdictKind::unknown) {
    verdict.why = unknown_words(question, prediction);
  } else {
    verdict.why = yes_words(question, prediction, part.kind, part.limit);
  }
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
  question.prompt_tokens = use.prompt_tokens;
  question.use = use.name;
  question.engine_runs = entry.engine_runs;
  return question;
}

}  // namespace assay
