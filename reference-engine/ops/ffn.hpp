#pragma once

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// The gated hidden layer of a dense model, down(silu(gate x) * up x), of the normalised residual.
/// Shape: buffers.normalised [tokens, d_model].
void dense_ffn(const Pass& pass, const LayerWeights& weights);

/// Adds to the residual what the chosen experts of each token give, weighted.
/// The (token, expert) pairs are sorted by expert, so that each expert's weights are read once for
/// all of its tokens, and go through in waves of as many rows as the buffers hold.
void add_experts(const Pass& pass, const LayerWeights& weights);

}  // namespace assay
