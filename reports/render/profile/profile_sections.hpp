#pragma once

#include "base/fact_json.hpp"
#include "probes/machine_profile.hpp"
#include "reports/render/sections.hpp"

namespace assay {

// The sections of a machine's screen, one file each: a new fact gets its row in its section's file.
Section processor_rows(const MachineProfile& machine, bool verbose);
Section memory_rows(const MachineProfile& machine);
Section accelerator_rows(const MachineProfile& machine);
Section storage_and_power_rows(const MachineProfile& machine);
Section system_rows(const MachineProfile& machine);

/// Every fact with its source or the reason why it is not known.
Section source_rows(const MachineProfile& machine);

}  // namespace assay
