#pragma once

#include "reference-engine/spec/spec_keys.hpp"

namespace assay {

/// The attention of all layers, where it is latent. Files hold the heads' matrices in one tensor
/// and the sizes of heads, or the heads apart, the sizes of what is cached and those of heads
/// besides.
void read_latent_attention(SpecKeys& keys, AttentionSpec& attention, FileLayout& file);

/// What an extended context multiplies scores with. Requires layers and rope.
void read_latent_scale(SpecKeys& keys, ModelSpec& spec);

}  // namespace assay
