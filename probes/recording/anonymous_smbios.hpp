#pragma once

#include <string>
#include <string_view>

namespace assay {

/// An SMBIOS table (DSP0134) of the same length and structure in which only memory arrays, memory
/// devices and caches keep their fields, and of the strings only where a memory device sits, who
/// made it and its part number. All else (serial numbers, asset tags, UUIDs, names) is blank.
std::string anonymous_smbios(std::string_view table);

}  // namespace assay
