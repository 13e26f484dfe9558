#pragma once

#include <cstdint>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += out (norm(heads * silu(z))) of one Mamba-2 layer, where a row (z, x, B, C, steps) =
/// in (norm(residual)), x, B and C have passed the convolution and silu, and the norm is over each
/// group of heads. Source: Dao and Gu 2024, "Transformers are SSMs".
void state_space_block(const Pass& pass, std::uint32_t layer);

}  // namespace assay
