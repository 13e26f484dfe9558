#include "advisor/recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/ranking.hpp"
#include "advisor/words/phrases.hpp"

namespace assay {
namespace {

struct Ranked {
  const CatalogueEntry* entry;
  Candidate candidate;
  std::size_t format_rank = 0;  // 0 is the best format
};

std::size_t rank_of_format(const std::string& format) {
  const auto recipes = recipes_by_quality();
  const auto found = std::find_if(recipes.begin(), recipes.end(),
                                  [&](Recipe recipe) { return recipe_name(recipe) == format; });
  return static_cast<std::size_t>(found - recipes.begin());
}

bool better(const Ranked& a, const Ranked& b) {
  const double a_capability = a.candidate.capability;
  const double b_capability = b.candidate.capability;
  if (a_capability != b_capability) return a_capability > b_capability;
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

std::string rating_words(const Candidate& candidate) {
  if (candidate.comparisons == 0) return "not rated: ranked by size and age";
  return fmt::format("{} by {} published comparison{}",
                     candidate.capability_inferred ? "hardly rated" : "rated",
                     candidate.comparisons, candidate.comparisons == 1 ? "" : "s");
}

std::string candidate_reason(const CatalogueEntry& entry, const Candidate& candidate,
                             std::string_view format_words) {
  return fmt::format("{}, released {}, {}; {} {}{}", size_words(candidate),
                     entry.release.value_or("at an unknown date"), rating_words(candidate),
                     format_words, candidate.verdict.format,
                     entry.engine_runs ? "" : "; not run by the reference engine");
}

std::string_view format_words(std::size_t format_rank, bool was_asked) {
  if (was_asked) return "in the format that was asked for:";
  return format_rank == 0 ? "even the best format is ok:" : "the best format that is ok:";
}

/// Whether models of the catalogue are asked to think for a use.
bool thinks_for(const CatalogueEntry& entry, const Policy::Use& use) {
  if (entry.thinking == "none" || entry.thinking == "unknown") return false;
  return entry.thinking == "toggle" ? use.thinks : true;
}

/// Puts a strength to every model that was looked at.
void rate(std::vector<Ranked>& all, const Policy::Use& use, const RecommendOptions& options) {
  std::vector<Contestant> contestants;
  for (const Ranked& one : all) {
    contestants.push_back(
        {one.entry->id,
         inferred_capability(*one.entry, one.candidate.parameters, one.candidate.active_parameters),
         thinks_for(*one.entry, use)});
  }
  const PublishedScores none;
  const auto found =
      strengths(options.scores != nullptr ? *options.scores : none, use.name, contestants);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Candidate& candidate = all[i].candidate;
    candidate.capability = found[i].value;
    candidate.comparisons = found[i].comparisons;
    candidate.capability_inferred = !found[i].is_rated();
    candidate.reason = candidate_reason(
        *all[i].entry, candidate, format_words(all[i].format_rank, options.recipe.has_value()));
  }
}

bool made_for(const CatalogueEntry& entry, const std::string& tag) {
  return std::find(entry.uses.begin(), entry.uses.end(), tag) != entry.uses.end();
}

/// " 12 more were trained for a shorter context than that."
std::string too_short_words(const Recommendation& answer) {
  if (answer.too_short == 0) return {};
  return fmt::format(" {} more {} trained for a shorter context than was asked for.",
                     answer.too_short, answer.too_short == 1 ? "was" : "were");
}

/// `in_format`: " in Q8_0" where no other was looked at.
std::string reason_for_none(const std::optional<Ranked>& nearest, const Recommendation& answer,
                            const std::string& in_format) {
  if (!nearest && answer.too_short > 0) {
    return fmt::format("None of the {} models for {} was trained for such a context.",
                       answer.too_short, answer.use);
  }
  if (!nearest) return fmt::format("No model of the catalogue is made for {}.", answer.use);
  return fmt::format("None of the {} models for {} is ok here{}. The nearest is {} in {}. {}",
                     answer.considered, answer.use, in_format, nearest->candidate.verdict.model,
                     nearest->candidate.verdict.format, nearest->candidate.verdict.why);
}

std::string reason_for_first(const Recommendation& answer) {
  const Candidate& first = answer.ranking.front();
  return fmt::format(
      "{} in {}: of the {} models for {}, {} are ok or better here, and by {} this is the most "
      "capable of them ({}). It should answer at {}.",
      first.verdict.model, first.verdict.format, answer.considered, answer.use,
      answer.ranking.size(), first.capability_inferred ? "size and age" : "published scores",
      first.reason, decode_words(first.verdict.prediction.decode_tokens_per_second));
}

}  // namespace

std::string rating_figure(const Candidate& candidate) {
  return fmt::format("{}{:+.1f} of {}", candidate.capability_inferred ? "~" : "",
                     candidate.capability, candidate.comparisons);
}

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
  session.cache = options.cache;
  const std::span<const Recipe> recipes =
      options.recipe ? std::span(&*options.recipe, 1) : recipes_by_quality();
  std::vector<Ranked> all;
  for (const CatalogueEntry& entry : catalogue.entries) {
    if (!made_for(entry, use->tag)) continue;
    if (options.context_was_asked && entry.spec.trained_context < options.context) {
      ++answer.too_short;
      continue;
    }
    auto candidate = best_candidate(entry, calibration, available_memory, policy, *use, session,
                                    options.on_gpu, recipes);
    if (!candidate) continue;
    const std::size_t format_rank = rank_of_format(candidate->verdict.format);
    all.push_back({&entry, std::move(*candidate), format_rank});
  }
  answer.considered = all.size();
  rate(all, *use, options);
  std::vector<Ranked> good;
  std::optional<Ranked> nearest;
  for (Ranked& ranked : all) {
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
    const std::string in_format =
        options.recipe ? fmt::format(" in {}", recipe_name(*options.recipe)) : "";
    answer.reason = answer.ranking.empty() ? reason_for_none(nearest, answer, in_format)
                                           : reason_for_first(answer);
    if (nearest || !answer.ranking.empty()) answer.reason += too_short_words(answer);
  }
  return answer;
}

}  // namespace assay
