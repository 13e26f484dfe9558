#pragma once

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// residual += down(activation(gate x) * up x) of the normalised residual: a dense layer.
void dense_ffn(const Pass& pass, const LayerWeights& weights);

/// gate = activation(gate) * up, as the model has it; `up` is used up. Shapes: [count].
void gated_activation(const Pass& pass, float* gate, float* up, std::size_t count);

/// Adds to the residual what the chosen experts of each token give, weighted, and what is shared.
/// The (token, expert) pairs are sorted by expert, so that each expert's weights are read once for
/// all of its tokens, and go through in waves of as many rows as the buffers hold. Where the two
/// parts stand apart (MoeSpec::apart), each has norms of its own.
void mixture_ffn(const Pass& pass, const LayerWeights& weights);

}  // namespace assay
