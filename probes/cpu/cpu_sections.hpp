#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

// The parts of the CPU probe, one file each: every one fills its facts of the profile.

namespace assay {

/// Vendor, brand, signature, microcode, instruction sets.
void identify_cpu(const HostView& host, CpuProfile& cpu);
/// The gates before AMX, and the length of Arm's scalable vectors.
void describe_matrix_units(const HostView& host, CpuProfile& cpu);
/// Counts, core types, caches, memory nodes.
void describe_cpu_shape(const HostView& host, CpuProfile& cpu);
/// Frequencies (of core types too), driver, governor, preference, boost. After the shape.
void describe_clocks(const HostView& host, CpuProfile& cpu);

/// The CPUID source when it can answer anything.
inline const CpuidSource* usable_cpuid(const HostView& host) {
  return host.cpuid() && !host.cpuid()->cpus.empty() ? &*host.cpuid() : nullptr;
}

template <typename T>
Fact<T> known_or(const std::optional<T>& value, std::string source, std::string reason) {
  return value ? Fact<T>::known(*value, std::move(source)) : Fact<T>::unknown(std::move(reason));
}

}  // namespace assay
