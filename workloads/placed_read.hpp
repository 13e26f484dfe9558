#pragma once

#include <span>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "workloads/statistic.hpp"

namespace assay {

struct KernelTable;

/// Read bandwidth of some cores, and of memory near some cores.
struct PlacedRead {
  std::string cores;   // "performance", "node 0"
  std::string memory;  // "node 1"; empty when memory lies wherever these cores put it
  unsigned threads = 1;
  Statistic bytes_per_second;
};

/// Reads memory that the CPUs of `memory` wrote first, with one thread on each CPU of `readers`, in
/// a child process; bytes per second. The best of several patterns, as in measure_micro. Errors:
/// does_not_fit; io when the system refuses to move threads; interrupted.
Result<Statistic> measure_placed_read(const KernelTable& kernels, std::span<const unsigned> readers,
                                      std::span<const unsigned> memory, Bytes memory_limit,
                                      const std::stop_token& stop);

}  // namespace assay
