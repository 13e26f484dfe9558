#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/catalogue.hpp"
#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"

namespace assay {

enum class VerdictKind { comfortable, ok, tight, no, unknown };
enum class Limit { memory, decode_speed, first_token, context, storage, unsupported, none };
std::string_view verdict_name(VerdictKind verdict);
std::optional<VerdictKind> verdict_from_name(std::string_view name);
std::string_view limit_name(Limit limit);
std::optional<Limit> limit_from_name(std::string_view name);

struct Verdict {
  std::string model;
  std::string format;
  std::string device = "cpu";
  std::uint64_t context = 0;
  std::uint64_t depth = 512;
  std::string use = "chat";
  std::uint64_t prompt_tokens = 128;  // of the time to first token
  VerdictKind verdict = VerdictKind::unknown;
  Limit limit = Limit::none;
  Prediction prediction;
  std::string why;                  // one sentence
  std::vector<std::string> advice;  // what would change it
};

/// The worst of memory, decode speed and first token, named; `advice` stays empty. What is unknown
/// does not count, but without a decode rate nothing is better than ok, and without memory nothing
/// but a no can be said. A first token alone never makes a no.
Verdict judge(const Question& question, const Prediction& prediction, const Policy& policy);

/// predict, judge and advice in one: `advice` says what would make the verdict better, most useful
/// first. Models of the catalogue are suggested where one is given.
Verdict answer(const Question& question, const std::optional<Calibration>& calibration,
               const Fact<Bytes>& available_memory, const Policy& policy,
               const Catalogue* catalogue = nullptr);

/// The question of a catalogue model in a recipe. The context is cut to the trained one. Errors:
/// refused_input for a spec with impossible sizes.
Result<Question> question_of(const CatalogueEntry& entry, Recipe recipe,
                             const SessionShape& session, const Policy::Use& use);

/// comfortable, ok or tight: the model can be used.
bool is_yes(VerdictKind verdict);
/// comfortable or ok: the model can be recommended.
bool is_good(VerdictKind verdict);

}  // namespace assay
