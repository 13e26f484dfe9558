#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advisor/check.hpp"
#include "advisor/engine_factor.hpp"
#include "advisor/gpu_answer.hpp"
#include "advisor/gpu_recommendation.hpp"
#include "advisor/recommendation.hpp"
#include "advisor/verdict.hpp"
#include "base/fact.hpp"
#include "probes/machine_profile.hpp"
#include "workloads/run_result.hpp"

namespace assay {

struct ToolInfo {
  std::string version;
  std::string revision;
  std::string build_type;
  std::string compiler;
};

/// The conditions of one run, beyond what the machine is.
struct RunEnvironment {
  std::string suite;              // "quick"; empty when no suite was run
  std::uint32_t threads = 0;      // that the runs used; 0 when nothing was run
  Fact<double> load_average_1m;   // before the first measurement
  Fact<double> duration_seconds;  // of the whole run
};

/// Everything that one run of the program found: the result document in memory.
struct Assessment {
  std::string run_id;      // UUID version 4
  std::string started_at;  // UTC, ISO 8601
  std::string command;     // "assess", "bench", "can-run"
  bool partial = false;    // interrupted before the end
  bool failed = false;     // a run that would fit could not be made; `skipped` says which
  ToolInfo tool;
  std::optional<MachineProfile> machine;
  RunEnvironment environment;
  MicroResults micro;
  std::vector<RunResult> runs;
  std::vector<std::string> skipped;
  std::vector<Verdict> verdicts;
  std::optional<Recommendation> recommendation;
  std::vector<GpuRecommendation> gpu_recommendations;  // for this machine's GPUs
  std::vector<EngineEstimate> other_engines;  // of the first verdict's model; written, never read
  std::vector<GpuAnswer> gpus;                // the same on this machine's GPUs
  std::vector<Check> checks;                  // predictions from before, beside what was measured
};

}  // namespace assay
