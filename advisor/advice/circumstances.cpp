#include "advisor/advice/circumstances.hpp"

#include <fmt/format.h>

#include <utility>

#include "advisor/words/phrases.hpp"

namespace assay {

Verdict judged(const Question& question, const Circumstances& around) {
  return judge(question, predict(question, around.calibration, around.available), around.policy);
}

std::string result_words(const Verdict& verdict) {
  const Estimate& decode = verdict.prediction.decode_tokens_per_second;
  const std::string rate =
      decode.is_known() ? fmt::format(", about {} tokens/s", rate_words(decode.expected)) : "";
  return fmt::format("{}{}", verdict_name(verdict.verdict), rate);
}

Change change(ChangeKind kind, std::string words, const Verdict& then) {
  return {kind, std::move(words), then.verdict, then.prediction.decode_tokens_per_second,
          then.prediction.footprint.peak()};
}

std::optional<Question> in_recipe(const Question& question, Recipe recipe) {
  auto plan = tensor_plan(question.spec, recipe);
  if (!plan) return std::nullopt;
  Question other = question;
  other.plan = std::move(*plan);
  other.format = recipe_name(recipe);
  return other;
}

}  // namespace assay
