#pragma once

#include <cstdint>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += attention of the normalised residual, for a layer whose keys and values come from a
/// latent vector. Keys and values of heads are never made: each query is multiplied with its head's
/// key matrix, meets the cached vectors, and what it takes from them is multiplied with its head's
/// value matrix. Source: DeepSeek-V2, section 2.1.2.
void latent_attention_block(const Pass& pass, std::uint32_t layer);

}  // namespace assay
