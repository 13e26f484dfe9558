#pragma once

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += down(activation(gate x) * up x) of the normalised residual: a dense layer.
void dense_ffn(const Pass& pass, const LayerWeights& weights);

/// Adds to the residual what the chosen experts of each token give, weighted, and what is shared.
/// The (token, expert) pairs are sorted by expert, so that each expert's weights are read once for
/// all of its tokens, and go through in waves of as many rows as the buffers hold.
void mixture_ffn(const Pass& pass, const LayerWeights& weights);

}  // namespace assay
