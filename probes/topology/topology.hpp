#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fact.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Where one logical CPU sits. Core and package are labels, equal for CPUs that share one.
struct CpuPlace {
  unsigned cpu = 0;
  std::uint32_t core = 0;
  std::uint32_t package = 0;
};

/// The CPUs, cores and caches of a machine as one source saw them.
struct Topology {
  std::vector<CpuPlace> cpus;
  std::vector<CacheLevel> caches;
  std::vector<MemoryNode> nodes;  // empty when not told
  std::optional<std::string> processor_name;
  std::vector<std::vector<unsigned>> kinds;  // groups of CPUs, weakest first; empty when not told
  std::string source;

  [[nodiscard]] std::uint32_t core_count() const;
  [[nodiscard]] std::uint32_t package_count() const;
};

/// Kind of each CPU ("performance", "efficiency", "low_power"), and what said so.
struct CoreKinds {
  std::map<unsigned, std::string> kind_of;
  std::map<unsigned, std::string> design_of;  // name of the CPU's core, where it is known
  std::string source;
};

/// One cache seen from one CPU; `instance` is equal for the CPUs that share it.
struct CacheSighting {
  std::uint32_t level = 0;
  std::string type;
  std::uint64_t bytes = 0;
  std::string instance;
};

/// Counts the distinct instances of each level, type and size.
std::vector<CacheLevel> count_caches(const std::vector<CacheSighting>& sightings);

/// Cores and threads of each kind and design, in the order performance, middle, efficiency, low
/// power. CPUs that `kinds` does not name are left out.
std::vector<CoreType> count_core_types(const Topology& topology, const CoreKinds& kinds);

/// Whether `cpu` is one of those that count_core_types counted as `type`, where there are several.
bool is_of_type(const CoreKinds& kinds, unsigned cpu, const CoreType& type);

/// "0-3,8" as {0, 1, 2, 3, 8}; nothing when it is malformed or longer than any machine's.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);
/// "00000000,0000000f" as {0, 1, 2, 3}.
std::optional<std::vector<unsigned>> parse_cpu_mask(std::string_view text);

}  // namespace assay
