#pragma once

#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

struct MemoryProfile {
  Fact<Bytes> total;
  Fact<Bytes> available;
  Fact<Bytes>
      limit;  // the tightest of the nested cgroup and resource limits; absent when there is none
  Fact<Bytes> limit_headroom;  // what is left below that limit, reclaimable cache counted as free
  Fact<Bytes> swap_total;
  Fact<double> theoretical_bandwidth_bytes_per_second;
  Fact<double> pressure_avg10;
};

}  // namespace assay
