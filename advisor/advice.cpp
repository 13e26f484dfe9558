#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/ranking.hpp"
#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// Everything that an alternative is judged by.
struct Circumstances {
  const std::optional<Calibration>& calibration;
  const Fact<Bytes>& available;
  const Policy& policy;
};

Verdict judged(const Question& question, const Circumstances& around) {
  return judge(question, predict(question, around.calibration, around.available), around.policy);
}

bool is_better(VerdictKind a, VerdictKind b) { return static_cast<int>(a) < static_cast<int>(b); }

std::string result_words(const Verdict& verdict) {
  const Estimate& decode = verdict.prediction.decode_tokens_per_second;
  const std::string rate =
      decode.is_known() ? fmt::format(", about {} tokens/s", rate_words(decode.expected)) : "";
  return fmt::format("{}{}", verdict_name(verdict.verdict), rate);
}

/// The same model in another recipe; nothing when its spec has no plan.
std::optional<Question> in_recipe(const Question& question, Recipe recipe) {
  auto plan = tensor_plan(question.spec, recipe);
  if (!plan) return std::nullopt;
  Question other = question;
  other.plan = std::move(*plan);
  other.format = recipe_name(recipe);
  return other;
}

/// The best smaller format that is good, else the first that is better than what was asked for.
std::optional<std::string> smaller_format(const Question& question, const Verdict& verdict,
                                          const Circumstances& around) {
  if (is_good(verdict.verdict) || verdict.limit == Limit::context) return std::nullopt;
  const Bytes asked = question.plan.total_bytes();
  std::optional<std::pair<Question, Verdict>> better;
  for (const Recipe recipe : recipes_by_quality()) {
    auto other = in_recipe(question, recipe);
    if (!other || !(other->plan.total_bytes() < asked)) continue;
    Verdict then = judged(*other, around);
    const bool good = is_good(then.verdict);
    if (good || (!better && is_better(then.verdict, verdict.verdict))) {
      better.emplace(std::move(*other), std::move(then));
    }
    if (good) break;
  }
  if (!better) return std::nullopt;
  return fmt::format("Take {}: {} instead of {} of weights ({}).", better->first.format,
                     human_bytes(better->first.plan.total_bytes()), human_bytes(asked),
                     result_words(better->second));
}

/// The largest context, in steps of 256, whose memory the policy calls `share` of what is there.
std::uint64_t context_within(const Verdict& verdict, double share) {
  const Footprint& footprint = verdict.prediction.footprint;
  const auto room = share * static_cast<double>(verdict.prediction.available.value().value) -
                    static_cast<double>((footprint.peak() - footprint.kv_cache).value);
  if (room <= 0.0 || footprint.cache_per_position.value == 0) return 0;
  constexpr std::uint64_t k_step = 256;
  const auto positions =
      static_cast<std::uint64_t>(room / static_cast<double>(footprint.cache_per_position.value));
  return positions / k_step * k_step;
}

std::optional<std::string> smaller_context(const Question& question, const Verdict& verdict,
                                           const Circumstances& around) {
  if (verdict.limit == Limit::context) {
    return fmt::format("Ask for a context of at most {} tokens.", question.spec.trained_context);
  }
  if (verdict.limit != Limit::memory || !verdict.prediction.available.is_known()) {
    return std::nullopt;
  }
  // Shorter than a conversation of a few turns is no help to anybody.
  constexpr std::uint64_t k_least = 1024;
  for (const double share : {around.policy.memory_ok, around.policy.memory_tight}) {
    Question other = question;
    const std::uint64_t context = std::min<std::uint64_t>(context_within(verdict, share), 1U << 30);
    if (context < k_least || context >= question.session.context) continue;
    other.session.context = static_cast<std::uint32_t>(context);
    const Verdict then = judged(other, around);
    if (!is_better(then.verdict, verdict.verdict)) continue;
    return fmt::format(
        "Take a context of {} tokens instead of {}: it needs {} less ({}).", context,
        question.session.context,
        human_bytes(verdict.prediction.footprint.peak() - then.prediction.footprint.peak()),
        result_words(then));
  }
  return std::nullopt;
}

std::optional<std::string> free_memory(const Verdict& verdict, const Policy& policy) {
  if (verdict.limit != Limit::memory || !verdict.prediction.available.is_known()) {
    return std::nullopt;
  }
  const double share = verdict.verdict == VerdictKind::no ? policy.memory_tight : policy.memory_ok;
  const auto wanted = static_cast<double>(verdict.prediction.footprint.peak().value) / share;
  const auto available = static_cast<double>(verdict.prediction.available.value().value);
  // Closing programs finds some gigabytes, not a second machine.
  if (wanted > 1.5 * available || wanted <= available) return std::nullopt;
  return fmt::format("Close other programs: with {} more memory it would be {}.",
                     human_bytes(Bytes(static_cast<std::uint64_t>(wanted - available))),
                     verdict.verdict == VerdictKind::no ? "tight" : "ok");
}

/// Of a good verdict: the best larger format that is still good.
std::optional<std::string> better_format(const Question& question, const Verdict& verdict,
                                         const Circumstances& around) {
  if (!is_good(verdict.verdict) || !verdict.prediction.decode_tokens_per_second.is_known()) {
    return std::nullopt;
  }
  const Bytes asked = question.plan.total_bytes();
  for (const Recipe recipe : recipes_by_quality()) {
    const auto other = in_recipe(question, recipe);
    if (!other || !(asked < other->plan.total_bytes())) continue;
    const Verdict then = judged(*other, around);
    if (!is_good(then.verdict)) continue;
    return fmt::format("There is room for {}, which is closer to the original weights ({}).",
                       other->format, result_words(then));
  }
  return std::nullopt;
}

/// The most capable model of the catalogue that is good here: of the same family, else of any.
std::optional<std::string> other_model(const Question& question, const Verdict& verdict,
                                       const Catalogue& catalogue, const Circumstances& around) {
  const Policy::Use* use = around.policy.use(question.use);
  if (is_good(verdict.verdict) || use == nullptr || !around.calibration) return std::nullopt;
  const CatalogueEntry* asked = catalogue.find(question.model);
  const std::string family = asked == nullptr ? "" : asked->family;
  const auto most = question.plan.parameters();
  std::optional<Candidate> best;
  double best_rank = 0.0;
  for (const CatalogueEntry& entry : catalogue.entries) {
    if (std::find(entry.uses.begin(), entry.uses.end(), use->tag) == entry.uses.end()) continue;
    auto candidate = best_candidate(entry, around.calibration, around.available, around.policy,
                                    *use, question.session);
    if (!candidate || !is_good(candidate->verdict.verdict) || candidate->parameters >= most) {
      continue;
    }
    constexpr double k_same_family = 1000.0;  // over every difference in capability
    const double rank =
        inferred_capability(entry, candidate->parameters, candidate->active_parameters) +
        (entry.family == family ? k_same_family : 0.0);
    if (!best || rank > best_rank) {
      best_rank = rank;
      best = std::move(candidate);
    }
  }
  if (!best) return std::nullopt;
  return fmt::format("A smaller model: {} in {} ({}).", best->verdict.model, best->verdict.format,
                     result_words(best->verdict));
}

}  // namespace

Verdict answer(const Question& question, const std::optional<Calibration>& calibration,
               const Fact<Bytes>& available_memory, const Policy& policy,
               const Catalogue* catalogue) {
  const Circumstances around{calibration, available_memory, policy};
  Verdict verdict = judged(question, around);
  const auto add = [&](std::optional<std::string> line) {
    if (line) verdict.advice.push_back(std::move(*line));
  };
  add(smaller_format(question, verdict, around));
  add(smaller_context(question, verdict, around));
  add(free_memory(verdict, policy));
  if (catalogue != nullptr) add(other_model(question, verdict, *catalogue, around));
  add(better_format(question, verdict, around));
  if (!calibration || calibration->basis == Basis::profile) {
    verdict.advice.emplace_back("Run `assay assess` for an answer from measurements.");
  }
  if (!question.engine_runs) {
    verdict.advice.push_back(
        fmt::format("The reference engine does not run {} itself: the speed holds for an engine "
                    "that is as efficient.",
                    question.spec.architecture));
  }
  return verdict;
}

}  // namespace assay
