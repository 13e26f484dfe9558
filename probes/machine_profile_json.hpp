#pragma once

#include <string>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// The `machine` object of a result document. `pointer` is where it will stand ("/machine"); the
/// source of every value, or why it is not known, goes into `notes`.
Json profile_to_json(const MachineProfile& profile, const std::string& pointer,
                     DocumentNotes& notes);

/// The inverse of profile_to_json. Missing fields are unknown facts; unknown fields are ignored.
/// Errors: refused_input for a field of a wrong type or range.
Result<MachineProfile> profile_from_json(const JsonFields& fields, const std::string& pointer,
                                         const DocumentNotes& notes);

}  // namespace assay
