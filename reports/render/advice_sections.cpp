#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

/// A ranking longer than this is cut in reports for people; the document keeps it whole.
constexpr std::size_t k_most_ranked = 10;
constexpr std::size_t k_most_ranked_on_gpu = 5;

const std::vector<Column> k_verdict_columns = {
    {"model", "", false, 0},      {"format", "", false, 0},     {"verdict", "", false, 0},
    {"limit", "", false, 3},      {"decode", "tok/s", true, 0}, {"first token", "s", true, 1},
    {"memory", "needed", true, 0}};

/// "decode speed": the limit's name as people write it.
std::string limit_words(Limit limit) {
  std::string words(limit_name(limit));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

Cell memory_cell(const Prediction& prediction) {
  const Bytes needed = prediction.footprint.peak();
  if (needed.value == 0) return {"unknown", Tone::faint};
  return {human_bytes(needed) + " p", Tone::plain};
}

Cell estimate_cell(const Estimate& estimate) {
  return {figure(estimate), estimate.origin == Origin::unknown ? Tone::faint : Tone::plain};
}

std::vector<Cell> verdict_cells(const Verdict& verdict) {
  const Cell limit = verdict.limit == Limit::none ? Cell{"-", Tone::faint}
                                                  : Cell{limit_words(verdict.limit), Tone::plain};
  return {{printable(verdict.model, 60), Tone::plain},
          {printable(verdict.format, 20), Tone::plain},
          {std::string(verdict_name(verdict.verdict)), verdict_tone(verdict.verdict)},
          limit,
          estimate_cell(verdict.prediction.decode_tokens_per_second),
          estimate_cell(verdict.prediction.time_to_first_token_seconds),
          memory_cell(verdict.prediction)};
}

/// What the marks mean and where the rates hold, said once below a table.
Cell legend(const Verdict& verdict) {
  const Estimate& decode = verdict.prediction.decode_tokens_per_second;
  std::string text = fmt::format(
      "m measured, p predicted (low-high); rates at depth {}, memory for a context of {} tokens",
      verdict.depth, verdict.context);
  if (verdict.device != "cpu") {
    text += "; estimated from what is published of the GPU";
  } else if (decode.origin == Origin::predicted) {
    text += decode.basis == Basis::this_machine
                ? "; predicted from what was measured on this machine"
            : decode.basis == Basis::given_result
                ? "; predicted from what was measured on another machine"
                : "; predicted from the machine's profile alone: run `assay assess` for a measured "
                  "answer";
  }
  return {text, Tone::faint};
}

std::string model_size(std::uint64_t parameters) {
  if (parameters == 0) return "unknown";
  return figure(static_cast<double>(parameters) / 1e9) + "B";
}

Section ranking_section(std::string title, const Recommendation& recommendation, std::size_t most) {
  Section section;
  section.title = std::move(title);
  if (!recommendation.reason.empty()) {
    section.notes.push_back({printable(recommendation.reason, 400),
                             recommendation.ranking.empty() ? Tone::warning : Tone::good});
  }
  if (recommendation.ranking.empty()) return section;
  section.table.columns = k_verdict_columns;
  section.table.columns.insert(section.table.columns.begin(), {"#", "", true, 0});
  section.table.columns.insert(section.table.columns.begin() + 2, {"size", "", true, 2});
  section.table.columns.push_back({"rating", "log-odds", true, 2});
  for (std::size_t i = 0; i < recommendation.ranking.size() && i < most; ++i) {
    const Candidate& candidate = recommendation.ranking[i];
    std::vector<Cell> row = verdict_cells(candidate.verdict);
    row.insert(row.begin(), {fmt::format("{}", i + 1), Tone::plain});
    row.insert(row.begin() + 2, {model_size(candidate.parameters), Tone::plain});
    row.push_back({rating_figure(candidate), Tone::plain});
    section.table.rows.push_back(std::move(row));
  }
  if (recommendation.ranking.size() > most) {
    section.notes.push_back(
        {fmt::format("{} more of {} considered fit as well", recommendation.ranking.size() - most,
                     recommendation.considered),
         Tone::faint});
  }
  section.notes.push_back(legend(recommendation.ranking.front().verdict));
  section.notes.push_back(
      {"rating: log-odds by so many published comparisons; ~ mostly by size "
       "and age",
       Tone::faint});
  return section;
}

}  // namespace

std::optional<Section> recommendation_section(const Assessment& assessment) {
  if (!assessment.recommendation) return std::nullopt;
  const Recommendation& recommendation = *assessment.recommendation;
  return ranking_section(fmt::format("Recommendation for {}", printable(recommendation.use, 40)),
                         recommendation, k_most_ranked);
}

std::vector<Section> gpu_recommendation_sections(const Assessment& assessment) {
  std::vector<Section> sections;
  for (const GpuRecommendation& one : assessment.gpu_recommendations) {
    sections.push_back(ranking_section(
        fmt::format("On its {}, in an engine that uses it (estimated), for {}",
                    printable(one.device, 60), printable(one.recommendation.use, 40)),
        one.recommendation, k_most_ranked_on_gpu));
    sections.back().notes.push_back({"models that its memory holds whole", Tone::faint});
  }
  return sections;
}

/// Models that are not recommended, by what keeps them from it: names only.
Section other_models_section(const Assessment& assessment) {
  std::set<std::string> recommended;
  for (const Candidate& candidate : assessment.recommendation->ranking) {
    recommended.insert(candidate.verdict.model);
  }
  struct Group {
    Cell head;
    std::vector<std::string> models;
  };
  std::map<std::pair<VerdictKind, Limit>, Group> groups;
  for (const Verdict& verdict : assessment.verdicts) {
    if (recommended.contains(verdict.model)) continue;
    Group& group = groups[{verdict.verdict, verdict.limit}];
    const std::string because =
        verdict.limit == Limit::none ? "" : fmt::format(" ({})", limit_words(verdict.limit));
    group.head = {fmt::format("{}{}", verdict_name(verdict.verdict), because),
                  verdict_tone(verdict.verdict)};
    group.models.push_back(printable(verdict.model, 60));
  }
  Section section;
  section.title = fmt::format("Other models, in {}", printable(assessment.verdicts[0].format, 20));
  for (const auto& [key, group] : groups) {
    section.fields.push_back(
        {group.head.text, {fmt::format("{}", fmt::join(group.models, ", ")), group.head.tone}});
  }
  return section;
}

std::optional<Section> verdicts_section(const Assessment& assessment) {
  if (assessment.verdicts.empty()) return std::nullopt;
  if (assessment.recommendation) {
    Section others = other_models_section(assessment);
    if (others.fields.empty()) return std::nullopt;
    return others;
  }
  Section section;
  section.title = "Verdicts";
  section.table.columns = k_verdict_columns;
  for (const Verdict& verdict : assessment.verdicts) {
    section.table.rows.push_back(verdict_cells(verdict));
  }
  if (assessment.verdicts.size() == 1) {
    const Verdict& verdict = assessment.verdicts.front();
    if (!verdict.why.empty()) section.notes.push_back({printable(verdict.why, 400), Tone::plain});
    for (const std::string& advice : verdict.advice) {
      section.notes.push_back({"try: " + printable(advice), Tone::plain});
    }
  }
  section.notes.push_back(legend(assessment.verdicts.front()));
  return section;
}

}  // namespace assay
