#pragma once

#include <optional>

#include "base/host_view.hpp"
#include "probes/topology/topology.hpp"

namespace assay {

/// Cores, packages and caches by APIC ids and cache leaves (4, 0xB, 0x1F; 0x8000001D, 0x8000001E).
/// A source of one CPU speaks for its whole package: see cpuid_package_size. Nothing when the
/// source lacks leaf 1.
std::optional<Topology> cpuid_topology(const CpuidSource& source);

struct PackageSize {
  std::uint32_t cores;
  std::uint32_t threads;
};
/// What one logical CPU says about the package that it is part of.
std::optional<PackageSize> cpuid_package_size(const CpuidSource& source, unsigned cpu);

/// Hybrid kinds: Intel leaf 0x1A (an Atom without a level 3 cache is a low-power core), AMD leaf
/// 0x80000026. Nothing on processors of one kind.
std::optional<CoreKinds> cpuid_core_kinds(const CpuidSource& source);

}  // namespace assay
