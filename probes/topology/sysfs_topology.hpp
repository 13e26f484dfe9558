#pragma once

#include <optional>
#include <set>

#include "base/host_view.hpp"
#include "probes/topology/topology.hpp"

namespace assay {

/// Topology by our own reading of /sys/devices/system/{cpu,node}: online CPUs only. Nothing when
/// the tree has none of it.
std::optional<Topology> sysfs_topology(const HostView& host);

/// Whether sysfs_topology would find any CPU; reads as little as that takes.
bool sysfs_shows_cpus(const HostView& host);

/// The online CPUs by /sys/devices/system/cpu/online, or by the folders there when old trees lack
/// that file.
std::vector<unsigned> online_cpus(const HostView& host);

/// Core kinds by what the kernel knows: the lists of Intel's two PMUs, or Arm's main id register
/// ordered by capacity. Nothing when the machine has one kind, or the tree does not say.
std::optional<CoreKinds> sysfs_core_kinds(const HostView& host);

}  // namespace assay
