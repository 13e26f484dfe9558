#pragma once

#include <string>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "workloads/run_result.hpp"

namespace assay {

/// The parts of `micro` that only `assay probe --measure` fills: `placed_reads` and `storage`. They
/// are left out of a document when they were not measured.
void put_placed_limits(Json& micro, const MicroResults& results, const std::string& pointer,
                       DocumentNotes& notes);
/// The inverse. Errors: refused_input.
Result<void> read_placed_limits(const JsonFields& micro, const std::string& pointer,
                                const DocumentNotes& notes, MicroResults& results);

}  // namespace assay
