#pragma once

#include <string_view>
#include <vector>

#include "probes/profile/memory_profile.hpp"

namespace assay {

/// The populated memory devices of a structure table (/sys/firmware/dmi/tables/DMI; an entry point
/// before it is passed over). Stops at the first structure that cannot be right; never fails.
/// Source: DMTF DSP0134, sections 6.1 and 7.18.
std::vector<MemoryModule> read_memory_modules(std::string_view table);

}  // namespace assay
