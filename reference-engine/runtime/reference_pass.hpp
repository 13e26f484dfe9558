#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference-engine/runtime/session_state.hpp"

namespace assay {

/// Logits of one token at the session's present depth in float64, over weights that are dequantised
/// row by row and the keys and values that the cache holds for the positions before it.
/// `routing` holds the experts that the session chose, [mixture layers][used]; each choice is
/// followed where the router's float64 logits leave it open, so that the comparison is of
/// arithmetic and not of a tie. Empty for a dense model. Shape of the result: [vocabulary].
std::vector<double> reference_logits(const Session::State& state, std::uint32_t token,
                                     std::span<const std::uint32_t> routing);

}  // namespace assay
