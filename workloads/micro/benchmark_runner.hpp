#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// One micro-benchmark: what it does, and how much work that is.
struct MicroBenchmark {
  std::string name;  // unique among those that run together
  std::function<void()> pass;
  double work_per_pass = 0.0;   // bytes or operations
  std::size_t repetitions = 1;  // samples
  std::size_t passes = 1;       // of one sample
};

/// Work per second of every sample, by name.
using MicroSamples = std::map<std::string, std::vector<double>>;

using Deadline = std::chrono::steady_clock::time_point;

/// Runs them by Google Benchmark, one after another, without a word on any stream. A sample that
/// has not begun by the deadline is left out. Errors: interrupted.
Result<MicroSamples> run_benchmarks(std::span<const MicroBenchmark> benchmarks,
                                    const std::stop_token& stop,
                                    Deadline deadline = Deadline::max());

}  // namespace assay
