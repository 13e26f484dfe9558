#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference-engine/model_spec.hpp"

namespace assay {

/// What a position is multiplied with to give the angles of its rotation, and by how much the
/// rotated values are scaled. Shape: frequencies [dims / 2], radians per position.
struct RopeFrequencies {
  std::vector<double> frequencies;
  double magnitude = 1.0;
};

/// The frequencies of a model, base^(-2i/dims), with its frequency factors and its context scaling.
/// `factors` is empty or [dims / 2]; longrope takes its own, which depend on the context. Source:
/// Su et al. 2021 (rotary embedding), Peng et al. 2023 (YaRN, sections 3.2 and 3.4), kernels of
/// public engines for the order of the two.
RopeFrequencies rope_frequencies(const RopeSpec& rope, std::span<const float> factors);

/// Cosines and sines for consecutive positions, computed in float64. Shapes: cosines and sines
/// [positions, dims / 2].
void rope_table(const RopeFrequencies& frequencies, std::uint32_t first_position,
                std::uint32_t positions, float* cosines, float* sines);

/// Rotates one head in place. Shapes: cosines and sines [dims / 2] of the position; head [>= dims],
/// values from dims on stay as they are.
void rotate_head(const RopeSpec& rope, const float* cosines, const float* sines, float* head);

}  // namespace assay
