#pragma once

#include <cstdint>
#include <span>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// What every layer is given of each token: the token's own row of layer_embedding, and a product
/// of the embedded token that is normalised for each layer; their sum over sqrt(2). Requires the
/// embedded tokens in buffers.residual. Result: buffers.layer_inputs [tokens, layers, width].
/// Source: Hugging Face transformers, models/gemma4 (per-layer inputs).
void prepare_layer_inputs(const Pass& pass, std::span<const std::uint32_t> tokens);

/// residual += norm(out(activation(gate residual) * input)), after a layer; its inputs are used up.
void layer_input_block(const Pass& pass, std::uint32_t layer);

/// residual *= the layer's factor.
void scale_residual(const Pass& pass, std::uint32_t layer);

}  // namespace assay
