#pragma once

#include <filesystem>

#include "base/host_view.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// Runs every probe. Never fails as a whole: what could not be read is unknown, with its reason.
/// Probes only read; they measure nothing and load no vendor library into this process.
MachineProfile probe_machine(const HostView& host);

/// A CPUID recording in the spellings of the field (see tests/fixtures/cpuid). Errors:
/// refused_input.
Result<CpuidSource> read_cpuid_dump(const std::filesystem::path& path);
/// The running processor, one logical CPU at a time; leaves the thread's affinity as it was.
CpuidSource live_cpuid();

}  // namespace assay
