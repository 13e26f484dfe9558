#pragma once

#include <cstdint>
#include <vector>

#include "reference-engine/runtime/reference_recurrence.hpp"

namespace assay {

/// What every layer is given of a token besides the residual, in float64; empty where the model has
/// no such inputs. Shapes: embedded [d_model], scaled; the result [layers, d_layer_input].
std::vector<double> reference_layer_inputs(const Session::State& state, std::uint32_t token,
                                           const std::vector<double>& embedded,
                                           const ReferenceProduct& product);

}  // namespace assay
