#pragma once

#include <span>

#include "reference-engine/kernel_table.hpp"

namespace assay {

/// Replaces the values of a column by what products with this rounding make of them. Not a number
/// stays that. Source: ActivationRounding.
void round_activations(ActivationRounding rounding, std::span<float> column);

/// The step from a rounded value to the next one, of the value, at most: 2^-7 of bfloat16, 2^-10 of
/// binary16; 0 where nothing is rounded.
double rounding_step(ActivationRounding rounding);

/// The energy of the rounding errors, of that of the values. An error is uniform within a step; of
/// values evenly spread from 1 to 2 it is (step^2 / 12) / (7 / 3).
double rounding_error(ActivationRounding rounding);

}  // namespace assay
