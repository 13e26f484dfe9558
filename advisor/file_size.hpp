#pragma once

#include <cstdint>

#include "base/units.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// Estimate of what a GGUF file holds besides tensors and their entries, nearly all of it the
/// vocabulary: texts, kinds, and scores or merges of its tokens.
Bytes metadata_bytes(std::uint32_t tokens);

/// Size of the GGUF file of a plan: the tensors, their alignment and entries to the byte, and the
/// estimate of the rest.
Bytes file_bytes(const ModelSpec& spec, const TensorPlan& plan);

}  // namespace assay
