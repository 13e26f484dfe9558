#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/topology/topology.hpp"

namespace assay {

using ArmRegisters = std::map<std::string, std::uint64_t>;

/// What the kernel would write in /proc/cpuinfo for cores with these identification registers:
/// implementer and part (MIDR_EL1), and the features that matter to arithmetic (ID_AA64*; nothing
/// where those are zero, as on a system of 32 bits).
/// Source: Arm Architecture Reference Manual, ID registers; Linux arch/arm64/kernel/cpufeature.c.
ProcCpuinfo cpuinfo_of(const std::vector<ArmRegisters>& cores);

/// CPUs, cores and packages by MPIDR_EL1. Nothing when CPUs are recorded with the same number, as
/// some virtual machines do.
std::optional<Topology> arm_topology(const std::vector<ArmRegisters>& cores);

}  // namespace assay
