#pragma once

#include <span>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/runtime/model_weights.hpp"

namespace assay {

/// Root-mean-square normalisation: out = x / sqrt(mean(x^2) + epsilon) * weight. `out` may be `x`.
/// Shapes: all [width]; without weights they are 1. Source: Zhang and Sennrich 2019, equation 4,
/// with epsilon inside the root.
void rms_norm(const KernelTable& kernels, std::span<const float> x, std::span<const float> weight,
              float epsilon, std::span<float> out);

/// The same, with its bias where it has one.
void norm(const KernelTable& kernels, const NormSpec& spec, std::span<const float> x,
          const NormWeights& weights, std::span<float> out);

}  // namespace assay
