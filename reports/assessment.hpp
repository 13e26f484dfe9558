#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/verdict.hpp"
#include "probes/machine_profile.hpp"
#include "workloads/run_result.hpp"

namespace assay {

struct ToolInfo {
  std::string version;
  std::string revision;
  std::string build_type;
  std::string compiler;
};

/// Everything that one run of the program found: the result document in memory.
struct Assessment {
  std::string run_id;      // UUID version 4
  std::string started_at;  // UTC, ISO 8601
  std::string command;     // "assess", "bench", "can-run"
  bool partial = false;    // interrupted before the end
  ToolInfo tool;
  std::optional<MachineProfile> machine;
  MicroResults micro;
  std::vector<RunResult> runs;
  std::vector<std::string> skipped;
  std::vector<Verdict> verdicts;
  std::optional<Recommendation> recommendation;
};

}  // namespace assay
