#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "reports/assessment.hpp"

namespace assay {

/// `assay probe --measure`: read bandwidth by thread count, kind of core and memory node,
/// arithmetic, and storage where results are kept. Keeps the result and returns it. What cannot be
/// measured here is left out with a remark. Errors: interrupted; io; does_not_fit.
Result<Assessment> measure_limits_of_machine(const Invocation& invocation,
                                             const MachineProfile& machine);

/// The last limits that were measured on this machine and kept, by a probe or an assessment, with
/// their dates, as text; empty when there are none. A kept file that cannot be read is passed over
/// with a remark.
std::string last_measured_text(const Invocation& invocation, const MachineProfile& machine);

}  // namespace assay
