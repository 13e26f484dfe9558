#pragma once

#include <cstdint>
#include <span>

#include "reference-engine/model_spec.hpp"

namespace assay {

/// The experts of one token and their weights, the likeliest first.
/// Softmax over all experts, then the `used` largest (the lowest index of equals); with
/// normalise_weights their weights sum to 1. Shapes: logits [experts], chosen and weights [used].
/// `logits` is used up. NaN counts as the smallest value, so that the choice is always valid.
void choose_experts(const MoeSpec& moe, std::span<float> logits, std::span<std::uint32_t> chosen,
                    std::span<float> weights);

}  // namespace assay
