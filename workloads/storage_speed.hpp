#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "base/fact.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "workloads/statistic.hpp"

namespace assay {

/// How fast a file is read where models lie, measured; bytes per second. What could not be measured
/// is unknown, with its reason.
struct StorageSpeed {
  Bytes file;  // that was read
  /// Past the page cache (O_DIRECT), 1 MiB at a time: one read after the other, or eight at once.
  Fact<Statistic> direct_queue1_bytes_per_second;
  Fact<Statistic> direct_queue8_bytes_per_second;
  /// Mapped, after the page cache let go of the file.
  Fact<Statistic> mapped_cold_bytes_per_second;
  /// From the page cache.
  Fact<Statistic> warm_bytes_per_second;
};

/// How much a measurement of storage may cost.
struct StorageTestLimits {
  Bytes most_file = gibibytes(2);
  Bytes least_file = mebibytes(32);
  double free_share = 0.25;    // of the free space that the file may take
  double write_seconds = 4.0;  // of making the file
  double read_seconds = 2.0;   // of each quantity
};

/// Writes a file without a name into `folder` (it goes away with this process, however that ends)
/// and reads it in each way. Drops no caches but its own file's. Errors: io, with what could not be
/// done; does_not_fit when too little space is free; interrupted.
Result<StorageSpeed> measure_storage(const std::filesystem::path& folder,
                                     const StorageTestLimits& limits, const std::stop_token& stop);

}  // namespace assay
