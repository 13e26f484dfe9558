#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workloads/measure/interference.hpp"
#include "workloads/run_result.hpp"

namespace assay {

/// What is known about a run beside its result.
struct RunEvidence {
  Interference interference;
  std::vector<double> inter_token_seconds;  // of all repetitions
  std::vector<std::string> faults;          // the engine did not do what it was asked for
  double target_half_width_ratio = 0.05;
  Bytes cache;  // last level; what it may hold needs no memory bandwidth
  std::optional<double> read_bandwidth_bytes_per_second;  // measured with as many threads
  std::optional<double> compute_ops_per_second;           // the peak that prefill is compared with
};

struct Judgement {
  Validity validity = Validity::ok;
  std::vector<std::string> reasons;
};

/// Whether the figures of a run can be trusted (ok), with care (noisy), hardly (unstable) or not at
/// all (invalid), and every reason against them.
Judgement assess_validity(const RunResult& run, const RunEvidence& evidence);

/// The least bytes that each token must have brought from memory: all that it reads but what the
/// cache may keep from one token to the next.
double bytes_from_memory(double bytes_per_token, Bytes cache);

}  // namespace assay
