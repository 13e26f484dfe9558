#pragma once

#include <vector>

#include "workloads/run_result.hpp"

namespace assay {

/// Takes over each limit of `again` that is above the known one. True when there was any.
bool raise_limits(MicroResults& known, const MicroResults& again);

/// Decode is a pattern of reading too: where a valid run moved more than the read bandwidth that
/// was measured, its own figures become that bandwidth. Then computes the runs' utilisation anew,
/// so that all refer to the limits of the same document. Runs whose weights a cache may hold do not
/// count.
void raise_to_runs(MicroResults& micro, std::vector<RunResult>& runs);

}  // namespace assay
