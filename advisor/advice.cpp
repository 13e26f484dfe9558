#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "advisor/advice/circumstances.hpp"
#include "advisor/ranking.hpp"
#include "advisor/words/phrases.hpp"

namespace assay {
namespace {

/// First what makes the model good, then what costs less, then what gives the better verdict.
bool comes_first(const Change& a, const Change& b) {
  if (is_good(a.verdict) != is_good(b.verdict)) return is_good(a.verdict);
  if (a.kind != b.kind) return a.kind < b.kind;
  return is_better(a.verdict, b.verdict);
}

std::vector<Change> changes_for(const Question& question, const Verdict& verdict,
                                const Circumstances& around) {
  std::vector<Change> changes;
  if (is_good(verdict.verdict) || verdict.verdict == VerdictKind::unknown) return changes;
  for (const auto find : {setting_changes, model_changes, memory_changes, speed_changes}) {
    auto found = find(question, verdict, around);
    std::move(found.begin(), found.end(), std::back_inserter(changes));
  }
  std::stable_sort(changes.begin(), changes.end(), comes_first);
  return changes;
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

bool is_short_of_speed(const Verdict& verdict) {
  return verdict.limit == Limit::decode_speed || verdict.limit == Limit::first_token ||
         verdict.limit == Limit::answer_time;
}

/// What does not change the verdict but what it is worth.
std::vector<std::string> notes(const Question& question, const Verdict& verdict,
                               const Circumstances& around) {
  std::vector<std::string> lines;
  if (around.machine != nullptr && around.machine->power.on_battery.is_known() &&
      around.machine->power.on_battery.value() && is_short_of_speed(verdict)) {
    lines.emplace_back(
        "Plug it in: it runs on its battery, which many machines answer with less speed; `assay "
        "assess` shows how much.");
  }
  const bool is_offered = std::ranges::any_of(verdict.changes, [](const Change& change) {
    return change.kind == ChangeKind::mixture_of_experts;
  });
  if (!is_offered && verdict.verdict != VerdictKind::no) {
    if (auto line = mixture_as_fast(question, verdict, around)) lines.push_back(std::move(*line));
  }
  const bool is_measured = (around.calibration && around.calibration->basis != Basis::profile) ||
                           verdict.prediction.decode_tokens_per_second.origin == Origin::measured;
  if (around.subject.is_here && !is_measured) {
    lines.emplace_back("Run `assay assess` for an answer from measurements.");
  }
  if (!question.engine_runs) {
    lines.push_back(
        fmt::format("The reference engine does not run {} itself: the speed holds for an engine "
                    "that is as efficient.",
                    question.spec.architecture));
  }
  return lines;
}

}  // namespace

Verdict advised(const Question& question, const Prediction& prediction,
                const Circumstances& around) {
  Verdict verdict = judge(question, prediction, around.policy);
  verdict.contexts = context_room(question, around.available, around.policy);
  verdict.changes = changes_for(question, verdict, around);
  for (const Change& made : verdict.changes) verdict.advice.push_back(made.words);
  if (verdict.advice.empty() && is_bad(verdict.verdict)) {
    verdict.advice.emplace_back(
        "Nothing that was tried changes this: formats, contexts, other models, more memory.");
  }
  if (auto line = better_format(question, verdict, around)) verdict.advice.push_back(*line);
  for (std::string& line : notes(question, verdict, around)) {
    verdict.advice.push_back(std::move(line));
  }
  return verdict;
}

Verdict answer(const Question& question, const std::optional<Calibration>& calibration,
               const Fact<Bytes>& available_memory, const Policy& policy,
               const Catalogue* catalogue, const MachineProfile* machine, const Subject& subject) {
  const Circumstances around{calibration, available_memory, policy, catalogue, machine, subject};
  return advised(question, predict(question, calibration, available_memory), around);
}

}  // namespace assay
