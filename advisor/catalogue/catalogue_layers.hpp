#pragma once

#include <cstdint>
#include <vector>

#include "base/json.hpp"
#include "reference-engine/model_spec.hpp"

namespace assay {

/// Layers of a repeated pattern of letters; `full` is what they have in common, and the first
/// `dense_layers` have no experts.
Result<std::vector<LayerSpec>> layers_of(const JsonFields& row, const ModelSpec& spec,
                                         const LayerSpec& full, std::uint32_t dense_layers);

/// Last layers that look at the keys and values of the last of their kind before them, and may be
/// wider in their hidden layers. Requires the layers.
Result<void> read_shared_cache(const JsonFields& row, ModelSpec& spec);

}  // namespace assay
