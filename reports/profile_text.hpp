#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "probes/machine_profile.hpp"
#include "reports/renderer.hpp"

namespace assay {

/// A machine on one screen: what is known in human units; what is not, with the reason and what to
/// do about it. `verbose` adds where every value came from.
std::string render_profile(const MachineProfile& profile, bool verbose,
                           const RenderOptions& options);

/// Where one fact came from, or why it is not known. `name` is a place in the JSON form ("cpu.isa",
/// "/memory/limit_bytes") or the end of one ("isa"); several facts may match. Errors: usage, with
/// the nearest names.
Result<std::string> explain_fact(const MachineProfile& profile, std::string_view name,
                                 const RenderOptions& options);

}  // namespace assay
