#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// Cores of one kind: "performance", "efficiency", "low_power", or "uniform" when there is one kind
/// only.
struct CoreType {
  std::string kind;
  std::uint32_t cores = 0;
  std::uint32_t threads = 0;
};

struct CacheLevel {
  std::uint32_t level = 0;
  std::string type;  // "data", "instruction", "unified"
  Bytes bytes;       // of one instance
  std::uint32_t instances = 0;
};

struct CpuProfile {
  Fact<std::string> vendor;  // "GenuineIntel", "AuthenticAMD"
  Fact<std::string> brand;
  Fact<std::uint32_t> family, model, stepping;
  Fact<std::uint32_t> packages;
  Fact<std::uint32_t> numa_nodes;
  Fact<std::uint32_t> physical_cores;
  Fact<std::uint32_t> logical_cores;
  Fact<std::vector<CoreType>> core_types;
  /// Instructions usable on every CPU that this process may use, named as in /proc/cpuinfo ("avx2",
  /// "avx512_vnni").
  Fact<std::vector<std::string>> isa;
  Fact<std::uint32_t> isa_level;  // x86-64-v1 .. v4
  Fact<std::vector<CacheLevel>> caches;
  Fact<double> max_frequency_hertz;
  Fact<std::string> governor;
  /// CPUs that this process may keep busy: the least of affinity, cpuset and quota (2.5 gives 2).
  Fact<std::uint32_t> usable_cpus;
};

}  // namespace assay
