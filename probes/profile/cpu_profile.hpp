#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// Cores of one kind: "performance", "middle", "efficiency", "low_power"; "unranked" for designs
/// that nothing orders; "uniform" when there is one kind only.
struct CoreType {
  std::string kind;
  std::uint32_t cores = 0;
  std::uint32_t threads = 0;
  std::optional<std::string> name = {};  // of the core's design: "Arm Cortex-X925"
  std::optional<double> max_frequency_hertz = {};
  std::optional<double> base_frequency_hertz = {};
};

/// A memory node (NUMA), by the kernel's number.
struct MemoryNode {
  std::uint32_t node = 0;
  std::optional<Bytes> bytes;
  std::uint32_t cpus = 0;  // logical CPUs that are near it
  bool permitted = true;   // the process's cpuset allows it
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
  Fact<std::vector<MemoryNode>> memory_nodes;
  Fact<std::uint32_t> physical_cores;
  Fact<std::uint32_t> logical_cores;
  Fact<bool> smt_active;  // more than one thread a core, switched on
  Fact<std::vector<CoreType>> core_types;
  /// Instructions usable on every CPU that this process may use, named as in /proc/cpuinfo ("avx2",
  /// "avx512_vnni").
  Fact<std::vector<std::string>> isa;
  Fact<std::uint32_t> isa_level;  // x86-64-v1 .. v4
  /// The three gates before AMX: the silicon has it, the operating system saves its state, and this
  /// process has its permission for tile data (of the live process only).
  Fact<bool> amx_silicon, amx_os_enabled, amx_process_permitted;
  Fact<std::uint32_t> sve_vector_bits;  // Arm's scalable vectors, of the live process
  Fact<std::vector<CacheLevel>> caches;
  Fact<double> max_frequency_hertz;   // of the fastest core, boost included
  Fact<double> base_frequency_hertz;  // of the fastest core, guaranteed
  Fact<std::string> scaling_driver;   // "intel_pstate", "amd-pstate-epp", "acpi-cpufreq"
  Fact<std::string> governor;
  Fact<std::string> energy_performance_preference;  // "balance_performance"
  Fact<bool> boost;                                 // frequencies above base are permitted
  Fact<std::string> microcode;                      // revision, "0x2b000603"
  /// CPUs that this process may keep busy: the least of affinity, cpuset and quota (2.5 gives 2).
  Fact<std::uint32_t> usable_cpus;
};

}  // namespace assay
