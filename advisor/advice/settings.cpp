#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/advice/circumstances.hpp"
#include "advisor/context_room.hpp"
#include "advisor/ranking.hpp"
#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

// Shorter than a conversation of a few turns is no help to anybody.
constexpr std::uint64_t k_least_context = 1024;

Bytes share_of_available(const Verdict& verdict, double share) {
  return Bytes(static_cast<std::uint64_t>(
      share * static_cast<double>(verdict.prediction.available.value().value)));
}

bool is_short_of_memory(const Verdict& verdict) {
  return verdict.limit == Limit::memory && verdict.prediction.available.is_known();
}

Bytes saved(const Verdict& verdict, const Verdict& then) {
  return verdict.prediction.footprint.peak() - then.prediction.footprint.peak();
}

std::optional<Change> without_thinking(const Verdict& verdict) {
  const auto& other = verdict.other_answer;
  if (!other || other->time.thinking || !is_better(other->verdict, verdict.verdict)) {
    return std::nullopt;
  }
  Change made{ChangeKind::answer_without_thinking,
              fmt::format("Let it answer without thinking: {} instead of {} for an answer ({}).",
                          seconds_words(other->time.seconds.expected),
                          seconds_words(verdict.answer.time.seconds.expected),
                          verdict_name(other->verdict)),
              other->verdict, verdict.prediction.decode_tokens_per_second,
              verdict.prediction.footprint.peak()};
  return made;
}

std::optional<Change> smaller_cache(const Question& question, const Verdict& verdict,
                                    const Circumstances& around) {
  if (!is_short_of_memory(verdict) || question.session.cache == CacheFormat::q8_0) {
    return std::nullopt;
  }
  Question other = question;
  other.session.cache = CacheFormat::q8_0;
  const Verdict then = judged(other, around);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  return change(ChangeKind::smaller_cache,
                fmt::format("Keep the cache in Q8_0 instead of {}: it needs {} less ({}).",
                            cache_format_name(question.session.cache),
                            human_bytes(saved(verdict, then)), result_words(then)),
                then);
}

std::optional<Change> trained_context(const Question& question, const Circumstances& around) {
  Question other = question;
  other.session.context = question.spec.trained_context;
  const Verdict then = judged(other, around);
  if (!is_better(then.verdict, VerdictKind::no)) return std::nullopt;
  return change(ChangeKind::smaller_context,
                fmt::format("Ask for a context of at most {} tokens ({}).",
                            question.spec.trained_context, result_words(then)),
                then);
}

std::optional<Change> smaller_context(const Question& question, const Verdict& verdict,
                                      const Circumstances& around) {
  if (verdict.limit == Limit::context) {
    return question.session.context > question.spec.trained_context
               ? trained_context(question, around)
               : std::nullopt;
  }
  if (!is_short_of_memory(verdict)) return std::nullopt;
  for (const double share : {around.policy.memory_ok, around.policy.memory_tight}) {
    const std::uint64_t context = largest_context(question, share_of_available(verdict, share));
    if (context < k_least_context || context >= question.session.context) continue;
    Question other = question;
    other.session.context = static_cast<std::uint32_t>(context);
    const Verdict then = judged(other, around);
    if (!is_better(then.verdict, verdict.verdict)) continue;
    return change(ChangeKind::smaller_context,
                  fmt::format("Take a context of {} tokens instead of {}: it needs {} less ({}).",
                              context, question.session.context, human_bytes(saved(verdict, then)),
                              result_words(then)),
                  then);
  }
  return std::nullopt;
}

/// What prompt, thinking and answer need, rounded up as contexts are.
std::optional<Change> larger_context(const Question& question, const Verdict& verdict,
                                     const Circumstances& around) {
  constexpr std::uint64_t k_step = 256;
  const std::uint64_t kept = tokens_kept(question, verdict.answer.time);
  if (verdict.limit != Limit::context || kept > question.spec.trained_context) return std::nullopt;
  Question other = question;
  other.session.context = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      (kept + k_step - 1) / k_step * k_step, question.spec.trained_context));
  if (other.session.context <= question.session.context) return std::nullopt;
  const Verdict then = judged(other, around);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  return change(ChangeKind::larger_context,
                fmt::format("Ask for a context of {} tokens instead of {} ({}).",
                            other.session.context, question.session.context, result_words(then)),
                then);
}

/// Prefill takes at least as long in proportion for a longer prompt, so the share of the time is
/// the share of the prompt; what comes once is taken off by steps.
std::optional<Change> shorter_prompt(const Question& question, const Verdict& verdict,
                                     const Circumstances& around) {
  if (verdict.limit != Limit::first_token) return std::nullopt;
  constexpr std::uint64_t k_step = 16;
  constexpr std::uint64_t k_least_prompt = 64;  // a question of three sentences
  const double within = around.policy.first_token_ok_seconds;
  const double takes = verdict.prediction.time_to_first_token_seconds.expected;
  auto tokens =
      static_cast<std::uint64_t>(static_cast<double>(question.prompt_tokens) * within / takes) /
      k_step * k_step;
  for (; tokens >= k_least_prompt; tokens -= k_step) {
    Question other = question;
    other.prompt_tokens = tokens;
    const Verdict then = judged(other, around);
    if (!is_better(then.verdict, verdict.verdict)) continue;
    return change(ChangeKind::shorter_prompt,
                  fmt::format("Keep prompts short: up to {} tokens the first one comes within {} "
                              "({}).",
                              tokens, seconds_words(within), result_words(then)),
                  then);
  }
  return std::nullopt;
}

/// The best format that is good, else the best that is better than what was asked for. A larger one
/// can be faster where its blocks are simpler.
std::optional<Change> other_format(const Question& question, const Verdict& verdict,
                                   const Circumstances& around) {
  if (verdict.limit == Limit::context) return std::nullopt;
  const Bytes asked = question.plan.total_bytes();
  std::optional<Change> better;
  for (const Recipe recipe : recipes_by_quality()) {
    const auto other = in_recipe(question, recipe);
    if (!other || other->format == question.format) continue;
    const Verdict then = judged(*other, around);
    const bool good = is_good(then.verdict);
    if (!good && (better || !is_better(then.verdict, verdict.verdict))) continue;
    better = change(
        ChangeKind::other_format,
        fmt::format("Take {}: {} instead of {} of weights ({}).", other->format,
                    human_bytes(other->plan.total_bytes()), human_bytes(asked), result_words(then)),
        then);
    if (good) break;
  }
  return better;
}

/// The best format in which the model is good with a cache in Q8_0 and the context that fits then.
std::optional<Change> several(const Question& question, const Verdict& verdict,
                              const Circumstances& around) {
  if (!is_short_of_memory(verdict)) return std::nullopt;
  const Bytes budget = share_of_available(verdict, around.policy.memory_ok);
  for (const Recipe recipe : recipes_by_quality()) {
    auto other = in_recipe(question, recipe);
    if (!other || question.plan.total_bytes() < other->plan.total_bytes()) continue;
    other->session.cache = CacheFormat::q8_0;
    const std::uint64_t context =
        std::min<std::uint64_t>(largest_context(*other, budget), question.session.context);
    if (context < k_least_context) continue;
    other->session.context = static_cast<std::uint32_t>(context);
    const Verdict then = judged(*other, around);
    if (!is_good(then.verdict)) continue;
    return change(ChangeKind::several_settings,
                  fmt::format("Together: {}, the cache in Q8_0 and a context of {} tokens ({}).",
                              other->format, context, result_words(then)),
                  then);
  }
  return std::nullopt;
}

}  // namespace

std::vector<Change> setting_changes(const Question& question, const Verdict& verdict,
                                    const Circumstances& around) {
  std::vector<Change> changes;
  bool one_is_good = false;
  const auto add = [&](std::optional<Change> made) {
    if (!made) return;
    one_is_good = one_is_good || is_good(made->verdict);
    changes.push_back(std::move(*made));
  };
  add(without_thinking(verdict));
  add(smaller_cache(question, verdict, around));
  add(smaller_context(question, verdict, around));
  add(larger_context(question, verdict, around));
  add(shorter_prompt(question, verdict, around));
  add(other_format(question, verdict, around));
  if (!one_is_good) add(several(question, verdict, around));
  return changes;
}

}  // namespace assay
