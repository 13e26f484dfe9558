#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/verdict.hpp"

namespace assay {

Verdict judged(const Question& question, const Circumstances& around);

/// "ok, about 12 tokens/s".
std::string result_words(const Verdict& verdict);

/// A change to a verdict that was judged.
Change change(ChangeKind kind, std::string words, const Verdict& then);

/// The same model in another recipe; nothing when its spec has no plan.
std::optional<Question> in_recipe(const Question& question, Recipe recipe);

/// Settings of the question that would make the verdict better; each list holds one or none.
std::vector<Change> setting_changes(const Question& question, const Verdict& verdict,
                                    const Circumstances& around);
/// Models of the catalogue that are good here for the same use.
std::vector<Change> model_changes(const Question& question, const Verdict& verdict,
                                  const Circumstances& around);
/// A mixture of experts for the same use that decodes as fast as a dense model that was judged,
/// with at least twice its parameters, and whether its memory is there; nothing where there is
/// none.
std::optional<std::string> mixture_as_fast(const Question& question, const Verdict& verdict,
                                           const Circumstances& around);
/// What could be done to the machine.
std::vector<Change> memory_changes(const Question& question, const Verdict& verdict,
                                   const Circumstances& around);
std::vector<Change> speed_changes(const Question& question, const Verdict& verdict,
                                  const Circumstances& around);

}  // namespace assay
