#pragma once

#include <cstdint>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += attention(norm(residual)) of one layer, whose keys and values go into the cache.
void attention_block(const Pass& pass, std::uint32_t layer);

}  // namespace assay
