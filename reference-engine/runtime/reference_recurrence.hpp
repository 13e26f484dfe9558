#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "reference-engine/runtime/session_state.hpp"

namespace assay {

/// A matrix times a vector, in float64.
using ReferenceProduct =
    std::function<std::vector<double>(const PackedMatrix&, const std::vector<double>&)>;

/// What a layer that carries a state gives for one token, in float64, from the state that the
/// session last marked. Shapes: x [d_model], normalised; the result [d_model].
std::vector<double> reference_mixer(const Session::State& state, std::uint32_t layer,
                                    const std::vector<double>& x, const ReferenceProduct& product);

}  // namespace assay
