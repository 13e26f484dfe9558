#pragma once

#include <cstdint>

#include "reference-engine/model_spec.hpp"

namespace assay {

/// How wide the rows of one layer are that its mixer works on, and what it keeps from token to
/// token. All in values; 0 for what a mixer does not have.
struct MixerSizes {
  std::uint64_t projected;  // of a token in the row that the first products write
  std::uint64_t inner;      // of a token in the input of the last product
  std::uint64_t channels;   // of the row, that pass the convolution
  std::uint64_t history;    // kept: the inputs of the convolution
  std::uint64_t state;      // kept: the matrices of all heads
};

MixerSizes mixer_sizes(const ModelSpec& spec, const LayerSpec& layer);

/// Bytes that a session keeps of a layer from token to token, besides keys and values.
std::uint64_t kept_state_bytes(const ModelSpec& spec, const LayerSpec& layer);

}  // namespace assay
