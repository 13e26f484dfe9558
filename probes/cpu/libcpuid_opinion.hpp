#pragma once

#include <cstdint>
#include <string>

#include "base/host_view.hpp"
#include "base/result.hpp"
#include "probes/topology/topology.hpp"

namespace assay {

/// What libcpuid makes of one logical CPU's answers. It never decides: its core counts are wrong on
/// many parts, and it knows few instruction sets.
struct LibcpuidOpinion {
  std::string brand;
  std::uint32_t cores = 0;         // of a package, or of the machine; it is not consistent
  std::uint32_t threads = 0;       // as well
  std::vector<CacheLevel> caches;  // sizes; a cache of level 1 or 2 is counted once for each core
};

/// Asks libcpuid about recorded answers, never about the running CPU (it would leave the thread
/// bound to one), and only for the vendors that it knows (it crashes on others). Runs in a child
/// process. Errors: unknown.
Result<LibcpuidOpinion> libcpuid_opinion(const CpuidSource& source, unsigned cpu);

}  // namespace assay
