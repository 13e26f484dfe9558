#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/advice/circumstances.hpp"
#include "advisor/ranking.hpp"
#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// A candidate with what it is ranked by.
struct Rival {
  std::optional<Candidate> candidate;
  double rank = 0.0;

  void take(const Candidate& other, double other_rank) {
    if (candidate && other_rank <= rank) return;
    candidate = other;
    rank = other_rank;
  }
};

bool is_for(const CatalogueEntry& entry, const Policy::Use& use) {
  return std::find(entry.uses.begin(), entry.uses.end(), use.tag) != entry.uses.end();
}

/// Fewer than half of the parameters work on a token: what is called a mixture here.
bool is_mixture(const Candidate& candidate) {
  return 2 * candidate.active_parameters < candidate.parameters;
}

Change smaller_model(const Verdict& then) {
  return change(
      ChangeKind::smaller_model,
      fmt::format("A smaller model: {} in {} ({}).", then.model, then.format, result_words(then)),
      then);
}

Change mixture(const Candidate& candidate) {
  const Verdict& then = candidate.verdict;
  return change(ChangeKind::mixture_of_experts,
                fmt::format("A mixture of experts: {} in {} has {} parameters and uses {} for a "
                            "token; it needs {} ({}).",
                            then.model, then.format, parameter_words(candidate.parameters),
                            parameter_words(candidate.active_parameters),
                            human_bytes(then.prediction.footprint.peak()), result_words(then)),
                then);
}

/// A mixture in the place of a dense model; nothing for what is not so much larger, or slower.
std::optional<Candidate> instead_of(const Question& question, double rate,
                                    const CatalogueEntry& entry, const Policy::Use& use,
                                    const Circumstances& around) {
  constexpr double k_as_fast = 0.9;  // nobody tells a tenth
  const auto recipe = recipe_from_name(question.format);
  if (!recipe) return std::nullopt;
  auto other = question_of(entry, *recipe, question.session, use);
  if (!other || other->session.context < question.session.context) return std::nullopt;
  Candidate candidate;
  candidate.parameters = other->plan.parameters();
  candidate.active_parameters = other->plan.active_parameters();
  if (!is_mixture(candidate) || candidate.parameters < 2 * question.plan.parameters()) {
    return std::nullopt;
  }
  other->on_gpu = question.on_gpu;
  candidate.verdict = judged(*other, around);
  const Estimate& decode = candidate.verdict.prediction.decode_tokens_per_second;
  if (decode.expected < k_as_fast * rate) return std::nullopt;
  return candidate;
}

std::string instead_words(const Candidate& candidate) {
  const Verdict& then = candidate.verdict;
  const bool fits = is_good(then.verdict) || then.limit != Limit::memory;
  return fmt::format(
      "{} in {}, a mixture of {} parameters that uses {} for a token, would run as fast as this "
      "({} tokens/s), {} {}.",
      then.model, then.format, parameter_words(candidate.parameters),
      parameter_words(candidate.active_parameters),
      rate_words(then.prediction.decode_tokens_per_second.expected),
      fits ? "and there is room for its" : "but needs",
      human_bytes(then.prediction.footprint.peak()));
}

}  // namespace

std::optional<std::string> mixture_as_fast(const Question& question, const Verdict& verdict,
                                           const Circumstances& around) {
  const Policy::Use* use = around.policy.use(question.use);
  const Estimate& decode = verdict.prediction.decode_tokens_per_second;
  if (around.catalogue == nullptr || use == nullptr || !around.calibration || !decode.is_known() ||
      question.spec.is_moe()) {
    return std::nullopt;
  }
  Rival best;
  for (const CatalogueEntry& entry : around.catalogue->entries) {
    if (!is_for(entry, *use)) continue;
    const auto one = instead_of(question, decode.expected, entry, *use, around);
    if (!one) continue;
    best.take(*one, inferred_capability(entry, one->parameters, one->active_parameters));
  }
  if (!best.candidate) return std::nullopt;
  return instead_words(*best.candidate);
}

std::vector<Change> model_changes(const Question& question, const Verdict& verdict,
                                  const Circumstances& around) {
  const Policy::Use* use = around.policy.use(question.use);
  if (around.catalogue == nullptr || use == nullptr || !around.calibration ||
      verdict.limit == Limit::context) {
    return {};
  }
  const CatalogueEntry* asked = around.catalogue->find(question.model);
  const std::string family = asked == nullptr ? "" : asked->family;
  const auto most = question.plan.parameters();
  const auto most_active = question.plan.active_parameters();
  Rival smaller;
  Rival mixed;
  for (const CatalogueEntry& entry : around.catalogue->entries) {
    if (&entry == asked || !is_for(entry, *use)) continue;
    const auto candidate = best_candidate(entry, around.calibration, around.available,
                                          around.policy, *use, question.session, question.on_gpu);
    // A candidate's context is cut to what it was trained for: that would be another question.
    if (!candidate || !is_good(candidate->verdict.verdict) ||
        candidate->verdict.context < question.session.context) {
      continue;
    }
    const double capability =
        inferred_capability(entry, candidate->parameters, candidate->active_parameters);
    constexpr double k_same_family = 1000.0;  // over every difference in capability
    if (candidate->parameters < most) {
      smaller.take(*candidate, capability + (entry.family == family ? k_same_family : 0.0));
    } else if (is_mixture(*candidate) && candidate->active_parameters < most_active) {
      mixed.take(*candidate, capability);
    }
  }
  std::vector<Change> changes;
  // What has more parameters and is good here helps only against a lack of speed.
  if (mixed.candidate && verdict.limit != Limit::memory) {
    changes.push_back(mixture(*mixed.candidate));
  }
  if (smaller.candidate) changes.push_back(smaller_model(smaller.candidate->verdict));
  return changes;
}

}  // namespace assay
