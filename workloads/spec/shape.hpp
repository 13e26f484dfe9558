#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {

/// One synthetic shape of a suite. Errors: refused_input, which names the field.
Result<SuiteShape> shape_from(const JsonFields& fields);

}  // namespace assay
