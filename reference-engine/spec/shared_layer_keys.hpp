#pragma once

#include "reference-engine/spec/architecture_table.hpp"
#include "reference-engine/spec/spec_keys.hpp"

namespace assay {

/// Which layers look at the keys and values of another one. Requires layers and their pattern.
void read_shared_cache(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

/// What layers are given of the token besides the residual. Requires layers.
void read_layer_inputs(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

/// Which layers have no value matrix, and whether those without a cache have matrices for one.
/// Requires all of the above.
void read_values(const SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

}  // namespace assay
