#pragma once

#include <cstdint>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += out (norm(heads) * silu(z)) of one gated delta net, where a row (q, k, v, z, writes,
/// steps) comes from norm(residual), q, k and v have passed the convolution and silu, and q and k
/// of each head have length 1. The norm is over each head. Value head i uses the keys i modulo
/// their number: GGUF files hold the heads in that order. Source: Yang, Kautz and Hatamizadeh 2024,
/// "Gated Delta Networks"; the model code of Qwen3-Next.
void gated_delta_net_block(const Pass& pass, std::uint32_t layer);

}  // namespace assay
