#pragma once

#include "reference-engine/spec/architecture_table.hpp"
#include "reference-engine/spec/spec_keys.hpp"

namespace assay {

/// All layers alike: heads, their size, the width of a dense layer.
void read_layers(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

/// The first set of rope. Requires layers.
void read_rope(SpecKeys& keys, ModelSpec& spec);

/// Which layers see a window, which do not rotate, and what windowed layers rotate by. Requires
/// layers and rope.
void read_layer_pattern(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

/// Which layers are a mixture, and of what. Requires layers.
void read_experts(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

/// Constant factors and caps. Requires layers.
void read_scales(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

}  // namespace assay
