#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/session.hpp"
#include "workloads/run_result.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {

/// How a measurement is made. The defaults are those of the quick suite; cli raises them for the
/// others.
struct MeasureOptions {
  unsigned threads = 1;
  std::uint32_t warmups = 1;
  std::uint32_t min_repetitions = 6;  // the fewest that give an interval
  std::uint32_t max_repetitions = 10;
  double max_seconds = 10.0;  // of one cell, warm-up included
  double target_half_width_ratio = 0.05;
  std::uint64_t seed = 1;
  CacheFormat cache = CacheFormat::f16;
  std::filesystem::path verification_cache{};  // empty: verify each time
  std::optional<Bytes> usable_memory{};        // more is refused before anything is allocated
  bool time_loading = true;  // a file is loaded twice, cold and warm; else once, untimed
};

/// The options with the rules of a tier.
MeasureOptions with_rules(MeasureOptions options, const TierRules& rules);

/// Progress for people; may be empty. `fraction` of the whole, 0 to 1.
using Progress = std::function<void(const std::string& what, double fraction)>;

/// What is to be run: exactly one of the two is set.
struct BenchModel {
  std::filesystem::path gguf;
  std::optional<ModelSpec> spec;
  Recipe recipe = Recipe::q4_k_m;
  std::uint32_t slice_layers = 0;  // of a spec: run so many layers only
};

/// What a BenchModel runs: its shape, cut to the slice, and its tensors. Errors: refused_input.
struct PlannedModel {
  ModelSpec spec;
  TensorPlan plan;
};
Result<PlannedModel> planned_model(const BenchModel& model);

/// The format of a file as people call it: its own word for its mixture, else the recipe that plans
/// the same tensors, else the format of most of its bytes.
std::string format_of(const GgufFile& file, const ModelSpec& spec, const TensorPlan& plan);

/// What a session must hold for a workload: the memory of a run follows from it.
SessionShape session_shape(const WorkloadSpec& workload, const MeasureOptions& options);

/// Loads (or synthesises), verifies, warms up, measures. Runs in this process: callers that want
/// peak memory of this model alone use run_isolated(). Errors: does_not_fit before anything is
/// allocated, refused_input, interrupted.
Result<RunResult> run_workload(const BenchModel& model, const WorkloadSpec& workload,
                               const MeasureOptions& options, const KernelTable& kernels,
                               ThreadPool& pool, const MicroResults& micro,
                               const std::stop_token& stop);

/// Told of each run when it has ended.
using RunFinished = std::function<void(RunResult& run)>;
/// Several workloads on a model that is loaded once, each in a session of its own; when they are
/// interrupted, those that have ended. Errors: those of run_workload.
Result<std::vector<RunResult>> run_workloads(const BenchModel& model,
                                             std::span<const WorkloadSpec> workloads,
                                             const MeasureOptions& options,
                                             const KernelTable& kernels, ThreadPool& pool,
                                             const MicroResults& micro, const std::stop_token& stop,
                                             const RunFinished& finished = {});

/// run_workload in a child process, so that the peak memory is this model's alone.
Result<RunResult> run_isolated(const BenchModel& model, const WorkloadSpec& workload,
                               const MeasureOptions& options, const KernelTable& kernels,
                               const MicroResults& micro, const std::stop_token& stop);

/// run_workloads in a child process. Memory that one run needed may stay the peak of a later one:
/// the peak is unknown for a run that needs less than one before it.
Result<std::vector<RunResult>> run_isolated(const BenchModel& model,
                                            std::span<const WorkloadSpec> workloads,
                                            const MeasureOptions& options,
                                            const KernelTable& kernels, const MicroResults& micro,
                                            const std::stop_token& stop);

/// Read bandwidth, float32 and int8 peaks for 1 .. threads threads (powers of two and the last),
/// about `seconds` in all.
Result<MicroResults> measure_micro(const KernelTable& kernels, ThreadPool& pool, double seconds,
                                   Bytes memory_limit, const std::stop_token& stop);

/// Adds what a calibration needs besides: what a large cache does for reads, and what the kernels
/// of every format and attention reach, with all threads of the pool; 2 to 6 s, 20 where kernels
/// are so slow that some are left out. Errors: does_not_fit; interrupted.
Result<void> measure_for_calibration(MicroResults& micro, const KernelTable& kernels,
                                     ThreadPool& pool, Bytes memory_limit,
                                     const std::stop_token& stop);

enum class MicroScope { limits, calibration };

/// measure_micro in a child process with a pool of its own, so that nothing of it stays.
Result<MicroResults> measure_micro_isolated(const KernelTable& kernels, unsigned threads,
                                            double seconds, Bytes memory_limit,
                                            const std::stop_token& stop,
                                            MicroScope scope = MicroScope::limits);

/// The cells of a tier, in one go, with progress. Cells that would not fit are skipped by name.
struct SuiteOutcome {
  MicroResults micro;
  std::vector<RunResult> runs;
  std::vector<std::string> skipped;  // "moe-7b-a1b Q8_0: needs 9.1 GB, 7.2 GB are available"
  bool partial = false;              // interrupted
  bool failed = false;               // a cell could not be run although it would fit
};
Result<SuiteOutcome> run_suite(const Suite& suite, const std::vector<SuiteCell>& cells,
                               const MeasureOptions& options, const KernelTable& kernels,
                               Bytes usable_memory, const Progress& progress,
                               const std::stop_token& stop);

/// Limits, then one workload on one model, refused before anything is allocated when it would not
/// fit. Errors: those of run_workload.
Result<SuiteOutcome> run_single(const BenchModel& model, const WorkloadSpec& workload,
                                const MeasureOptions& options, const KernelTable& kernels,
                                const Progress& progress, const std::stop_token& stop);

/// The same with several workloads on a model that is loaded once.
Result<SuiteOutcome> run_model(const BenchModel& model, std::span<const WorkloadSpec> workloads,
                               const MeasureOptions& options, const KernelTable& kernels,
                               const Progress& progress, const std::stop_token& stop);

}  // namespace assay
