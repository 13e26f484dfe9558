#pragma once

#include <string>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "workloads/run_result.hpp"

namespace assay {

/// `micro` of a result document: each quantity is an object from thread count to statistic;
/// `read_by_size` one to an array of rising sizes, `kernels` one to an array of formats. What only
/// some commands measure (limits_json.hpp) is left out of other documents.
Json micro_to_json(const MicroResults& micro, const std::string& pointer, DocumentNotes& notes);
/// The inverse. Errors: refused_input, which names the field.
Result<MicroResults> micro_from_json(const JsonFields& fields, const std::string& pointer,
                                     const DocumentNotes& notes);

}  // namespace assay
