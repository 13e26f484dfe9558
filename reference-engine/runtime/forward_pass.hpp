#pragma once

#include <cstdint>
#include <span>

#include "reference-engine/runtime/pass.hpp"

namespace assay {

/// Runs the tokens through all layers; their keys and values are in the cache afterwards, their
/// last hidden state in buffers.residual. Requires ids below the vocabulary, at most as many tokens
/// as a pass may have, and room in the cache.
void run_layers(const Pass& pass, std::span<const std::uint32_t> tokens);

/// Logits of `count` tokens of the pass from `first` on (at most k_logit_columns).
/// Shape: buffers.logits [count, vocabulary].
void compute_logits(const Pass& pass, std::size_t first, std::size_t count);

}  // namespace assay
