#include "advisor/format_effects.hpp"

#include <algorithm>

#include "advisor/advice/circumstances.hpp"
#include "advisor/ranking.hpp"

namespace assay {
namespace {

FormatEffect effect_of(const Question& question, const Circumstances& around) {
  const Verdict then = judged(question, around);
  const Footprint& footprint = then.prediction.footprint;
  return {.format = question.format,
          .cache_type = std::string(cache_format_name(question.session.cache)),
          .weights = footprint.weights,
          .kv_cache = footprint.kv_cache,
          .needed = footprint.peak(),
          .verdict = then.verdict,
          .decode_tokens_per_second = then.prediction.decode_tokens_per_second};
}

/// Whether the question's own format is among the effects; a file may be in one of its own.
bool has_format(const std::vector<FormatEffect>& effects, const std::string& format) {
  return std::any_of(effects.begin(), effects.end(),
                     [&](const FormatEffect& effect) { return effect.format == format; });
}

}  // namespace

std::vector<FormatEffect> format_effects(const Question& question,
                                         const std::optional<Calibration>& calibration,
                                         const Fact<Bytes>& available_memory,
                                         const Policy& policy) {
  const Circumstances around{calibration, available_memory, policy};
  std::vector<FormatEffect> effects;
  const auto add = [&](Recipe recipe) {
    if (recipe_name(recipe) == question.format) {
      effects.push_back(effect_of(question, around));
    } else if (const auto other = in_recipe(question, recipe)) {
      effects.push_back(effect_of(*other, around));
    }
  };
  add(Recipe::f16);
  for (const Recipe recipe : recipes_by_quality()) add(recipe);
  if (!has_format(effects, question.format)) effects.push_back(effect_of(question, around));
  std::stable_sort(
      effects.begin(), effects.end(),
      [](const FormatEffect& a, const FormatEffect& b) { return b.weights < a.weights; });
  for (const CacheFormat cache : {CacheFormat::f32, CacheFormat::f16, CacheFormat::q8_0}) {
    if (cache == question.session.cache) continue;
    Question other = question;
    other.session.cache = cache;
    effects.push_back(effect_of(other, around));
  }
  return effects;
}

}  // namespace assay
