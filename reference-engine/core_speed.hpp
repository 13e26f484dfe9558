#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "reference-engine/kernel_table.hpp"

namespace assay {

/// How fast one logical CPU multiplies int8 values, in operations a second.
struct CoreSpeed {
  unsigned cpu = 0;
  double operations_per_second = 0.0;
};

/// Measures each of these CPUs for some milliseconds, one after the other, on a thread of its own.
/// Those that the system does not let us run on are left out.
std::vector<CoreSpeed> measure_cores(const KernelTable& kernels, std::span<const unsigned> cpus);

/// Up to `count` of them, fastest first.
std::vector<unsigned> fastest(std::vector<CoreSpeed> cores, std::size_t count);

/// Those that are worth a thread, fastest first: at least half as fast as the fastest. A phase of a
/// token ends when its last piece does, so that a much slower core holds the others up by more than
/// it takes off them.
std::vector<unsigned> cores_worth_a_thread(const std::vector<CoreSpeed>& cores);

}  // namespace assay
