#pragma once

#include <optional>
#include <span>
#include <vector>

#include "reference-engine/runtime/session_state.hpp"

namespace assay {

// What the float64 steps of all kinds of block share.

/// A bias; an empty one adds nothing.
void reference_add(std::vector<double>& to, std::span<const float> bias);

/// In place. Without weights they are 1.
void reference_rms_norm(std::span<double> x, std::span<const float> weight, double epsilon);

/// Softmax in place; a sink is one more score, whose weight is dropped.
void reference_softmax(std::vector<double>& scores, std::optional<double> sink);

/// As it is where the norm has no weights.
std::vector<double> reference_normalised(std::vector<double> x, const NormWeights& weights,
                                         const NormSpec& norm);

/// What a block sees of the residual. Shapes: [d_model].
std::vector<double> reference_block_input(const Session::State& state,
                                          const std::vector<double>& residual,
                                          const NormWeights& weights);

/// residual += scale * norm(out + bias). Shapes: [d_model].
void reference_add_block(const ModelSpec& spec, std::vector<double> out,
                         std::span<const float> bias, const NormWeights& post_norm,
                         std::vector<double>& residual);

/// One value of a gated hidden layer.
double reference_activation(Activation kind, double gate, double up);

}  // namespace assay
