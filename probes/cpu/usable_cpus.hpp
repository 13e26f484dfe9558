#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fact.hpp"
#include "base/host_view.hpp"

namespace assay {

/// CpuProfile::usable_cpus: the least of the affinity mask, the cpuset and the quota, at least 1.
Fact<std::uint32_t> probe_usable_cpus(const HostView& host,
                                      const Fact<std::uint32_t>& logical_cores);

/// The logical CPUs that this process may run on: the affinity mask within the cpuset, ascending.
/// Nothing when neither is told.
std::optional<std::vector<unsigned>> permitted_cpus(const HostView& host);

}  // namespace assay
