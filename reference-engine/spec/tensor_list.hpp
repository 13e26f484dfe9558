#pragma once

#include <vector>

#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// Every tensor that a spec needs, with names and dimensions; formats and bytes are not set yet.
/// Requires a spec that check_spec accepts.
std::vector<PlannedTensor> list_tensors(const ModelSpec& spec);

/// Gives a tensor its format and, from it, its bytes. Requires that a block of the format divides
/// the rows.
void set_format(PlannedTensor& tensor, WeightFormat format, const ModelSpec& spec);

}  // namespace assay
