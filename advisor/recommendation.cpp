#include "advisor/recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/ranking.hpp"
#include "advisor/words/phrases.hpp"

namespace assay {
namespace {

struct Ranked {
  Candidate candidate;
  double capability = 0.0;
  std::size_t format_rank = 0;  // 0 is the best format
};

std::size_t rank_of_format(const std::string& format) {
  const auto recipes = recipes_by_quality();
  const auto found = std::find_if(recipes.begin(), recipes.end(),
                                  [&](Recipe recipe) { return recipe_name(recipe) == format; });
  return static_cast<std::size_t>(found - recipes.begin());
}

bool better(const Ranked& a, const Ranked& b) {
  if (a.capability != b.capability) return a.capability > b.capability;
  if (a.format_rank != b.format_rank) return a.format_rank < b.format_rank;
  const double a_rate = a.candidate.verdict.prediction.decode_tokens_per_second.expected;
  const double b_rate = b.candidate.verdict.prediction.decode_tokens_per_second.expected;
  if (a_rate != b_rate) return a_rate > b_rate;
  return a.candidate.verdict.model < b.candidate.verdict.model;
}

std::string size_words(const Candidate& candidate) {
  if (candidate.parameters == candidate.active_parameters) {
    return fmt::format("{} parameters", parameter_words(candidate.parameters));
  }
  return fmt::format("{} parameters, {} active", parameter_words(candidate.parameters),
                     parameter_words(candidate.active_parameters));
}

std::string candidate_reason(const CatalogueEntry& entry, const Candidate& candidate,
                             std::size_t format_rank) {
  return fmt::format(
      "{}, released {}; {} {}{}", size_words(candidate),
      entry.release.value_or("at an unknown date"),
      format_rank == 0 ? "even the best format is ok:" : "the best format that is ok:",
      candidate.verdict.format, entry.engine_runs ? "" : "; not run by the reference engine");
}

bool made_for(const CatalogueEntry& entry, const std::string& tag) {
  return std::find(entry.uses.begin(), entry.uses.end(), tag) != entry.uses.end();
}

std::string reason_for_none(const std::optional<Ranked>& nearest, const Recommendation& answer) {
  if (!nearest) return fmt::format("No model of the catalogue is made for {}.", answer.use);
  return fmt::format("None of the {} models for {} is ok here. The nearest is {} in {}. {}",
                     answer.considered, answer.use, nearest->candidate.verdict.model,
                     nearest->candidate.verdict.format, nearest->candidate.verdict.why);
}

std::string reason_for_first(const Recommendation& answer) {
  const Candidate& first = answer.ranking.front();
  return fmt::format(
      "{} in {}: of the {} models for {}, {} are ok or better here, and by size and "
      "age this is the most capable of them ({}). It should answer at {}.",
      first.verdict.model, first.verdict.format, answer.considered, answer.use,
      answer.ranking.size(), first.reason,
      decode_words(first.verdict.prediction.decode_tokens_per_second));
}

}  // namespace

Recommendation recommend(const Catalogue& catalogue, const std::optional<Calibration>& calibration,
                         const Fact<Bytes>& available_memory, const Policy& policy,
                         const RecommendOptions& options) {
  Recommendation answer;
  answer.use = options.use;
  const Policy::Use* use = policy.use(options.use);
  if (use == nullptr) {
    answer.reason = fmt::format("The policy {} has no use {}.", policy.name, options.use);
    return answer;
  }
  SessionShape session;
  session.context = static_cast<std::uint32_t>(std::min<std::uint64_t>(options.context, 1U << 30));
  session.threads = options.threads;
  std::vector<Ranked> good;
  std::optional<Ranked> nearest;
  for (const CatalogueEntry& entry : catalogue.entries) {
    if (!made_for(entry, use->tag)) continue;
    auto candidate = best_candidate(entry, calibration, available_memory, policy, *use, session);
    if (!candidate) continue;
    ++answer.considered;
    Ranked ranked{std::move(*candidate), 0.0, 0};
    ranked.capability =
        inferred_capability(entry, ranked.candidate.parameters, ranked.candidate.active_parameters);
    ranked.format_rank = rank_of_format(ranked.candidate.verdict.format);
    ranked.candidate.reason = candidate_reason(entry, ranked.candidate, ranked.format_rank);
    const Verdict& verdict = ranked.candidate.verdict;
    if (is_good(verdict.verdict) && verdict.prediction.decode_tokens_per_second.is_known()) {
      good.push_back(std::move(ranked));
    } else if (!nearest || verdict.prediction.footprint.peak() <
                               nearest->candidate.verdict.prediction.footprint.peak()) {
      nearest = std::move(ranked);
    }
  }
  std::sort(good.begin(), good.end(), better);
  for (Ranked& ranked : good) answer.ranking.push_back(std::move(ranked.candidate));
  if (!calibration) {
    answer.reason =
        "How fast models answer on this machine is unknown, so none is recommended: run `assay "
        "assess`, or give --bandwidth.";
  } else {
    answer.reason =
        answer.ranking.empty() ? reason_for_none(nearest, answer) : reason_for_first(answer);
  }
  return answer;
}

}  // namespace assay
