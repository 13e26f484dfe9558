#pragma once

#include <filesystem>
#include <optional>

#include "advisor/check.hpp"
#include "cli/command.hpp"
#include "reports/assessment.hpp"
#include "workloads/bench.hpp"

namespace assay {

/// What the latest assessment of this machine predicts with `threads` threads; nothing when there
/// is none of this machine or it cannot be calibrated by. A broken one is named on stderr and left
/// aside: it is no reason not to measure.
std::optional<PriorKnowledge> prior_knowledge(const Invocation& invocation,
                                              const MachineProfile& machine, unsigned threads);

/// Stores the predictions that were made before beside the assessment's runs from number `first`
/// on. `gguf` is the file of those that are of a file; shapes are found by their names. A run of a
/// model that is not known here is left out.
void add_checks(Assessment& assessment, const std::optional<PriorKnowledge>& prior,
                const std::filesystem::path& gguf = {}, std::size_t first = 0);

/// The same for runs of one model that is at hand.
void add_checks_of(Assessment& assessment, const std::optional<PriorKnowledge>& prior,
                   const BenchModel& model, std::size_t first = 0);

}  // namespace assay
