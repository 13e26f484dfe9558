#pragma once

#include <optional>
#include <stop_token>

#include "base/fact.hpp"
#include "reference-engine/gguf_file.hpp"
#include "workloads/bench.hpp"

namespace assay {

/// A model that can be loaded: all that is known of it without its weights.
struct PreparedModel {
  RunModel about;
  ModelSpec spec;  // cut to the slice
  TensorPlan plan;
  std::optional<GgufFile> file;  // absent: the weights are made
  Recipe recipe = Recipe::q4_k_m;
};

/// Reads the header, or plans the shape. Errors: refused_input.
Result<PreparedModel> prepare_model(const BenchModel& model);

/// Errors: does_not_fit, which says what is missing and what would fit.
Result<void> check_memory(const PreparedModel& model, const SessionShape& shape,
                          const std::optional<Bytes>& usable);

/// Weights in memory, and how long that took.
struct LoadedModel {
  Model model;
  Fact<double> cold_seconds;
  Fact<double> warm_seconds;
};

/// Loads a file twice, the first time after the system was asked to forget it, or once where nobody
/// asks how long it takes; makes synthetic weights once.
Result<LoadedModel> load_prepared(const PreparedModel& model, const MeasureOptions& options,
                                  const KernelTable& kernels, ThreadPool& pool,
                                  const std::stop_token& stop);

}  // namespace assay
