#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "reference-engine/runtime/reference_recurrence.hpp"
#include "reference-engine/runtime/session_state.hpp"

namespace assay {

/// Rotates one head's values in place, in float64.
using ReferenceRotation = std::function<void(std::span<double>)>;

/// What heads of latent attention look for and what is cached of one token, in float64.
/// Shapes: queries [heads, rank + rotated], key [rank + rotated].
struct LatentHeads {
  std::vector<double> queries;
  std::vector<double> key;
};

/// Shape: x [d_model], normalised.
LatentHeads reference_latent_heads(const Session::State& state, std::uint32_t layer,
                                   const std::vector<double>& x, const ReferenceProduct& product,
                                   const ReferenceRotation& rotate);

/// What the heads give, from their sums of cached vectors. Shapes: sums [heads, rank + rotated],
/// the result [heads, value].
std::vector<double> reference_latent_values(const Session::State& state, std::uint32_t layer,
                                            const std::vector<double>& sums,
                                            const ReferenceProduct& product);

}  // namespace assay
