#pragma once

#include <cstdint>
#include <span>

#include "advisor/recommendation.hpp"

namespace assay {

/// Recipes that are worth recommending, the better (closer to the original weights) first. F16 is
/// not among them: Q8_0 answers alike at half the size and twice the speed.
std::span<const Recipe> recipes_by_quality();

/// How capable a model is taken to be until published scores say: log2 of its size in billions of
/// parameters (of an MoE the geometric mean of all and of the active ones), and one more for each
/// year that it is newer than 2023. Both are rules of thumb, and marked as inferred.
double inferred_capability(const CatalogueEntry& entry, std::uint64_t parameters,
                           std::uint64_t active_parameters);

/// The model in the best of the recipes (best first) that is ok or better; where none is, in the
/// recipe that comes nearest to it. Nothing for a spec that has no plan.
std::optional<Candidate> best_candidate(const CatalogueEntry& entry,
                                        const std::optional<Calibration>& calibration,
                                        const Fact<Bytes>& available_memory, const Policy& policy,
                                        const Policy::Use& use, const SessionShape& session,
                                        bool on_gpu = false,
                                        std::span<const Recipe> recipes = recipes_by_quality());

}  // namespace assay
