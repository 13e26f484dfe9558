#pragma once

#include <filesystem>
#include <vector>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Runs every probe. Never fails as a whole: what could not be read is unknown, with its reason.
/// Probes only read; they measure nothing and load no vendor library into this process. A live host
/// without a CPUID source is given live_cpuid(). `state_folder` is where results are kept: its file
/// system is described (unknown when it is not named).
MachineProfile probe_machine(const HostView& host, const std::filesystem::path& state_folder = {});

/// A CPUID recording in the spellings of the field: a text file, or a folder made by
/// hwloc-gather-cpuid (see tests/fixtures/cpuid). Errors: refused_input.
Result<CpuidSource> read_cpuid_dump(const std::filesystem::path& path);
/// The running processor, every logical CPU of the affinity mask once; leaves the thread's affinity
/// as it was.
CpuidSource live_cpuid();

/// Of each core that this process may use one logical CPU, ascending; empty when /sys does not
/// tell.
std::vector<unsigned> one_cpu_of_each_core(const HostView& host);

}  // namespace assay
