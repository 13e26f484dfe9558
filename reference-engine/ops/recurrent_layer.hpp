#pragma once

#include <cstdint>
#include <initializer_list>

#include "reference-engine/runtime/pass.hpp"
#include "reference-engine/spec/mixer_sizes.hpp"

namespace assay {

/// One layer of a pass that carries a state: what its kinds share. They write a row of
/// `sizes.projected` values for each token into buffers.projected, convolve some of its channels,
/// and leave `sizes.inner` values in buffers.mixed for the last product.
struct RecurrentLayer {
  RecurrentLayer(const Pass& of_pass, std::uint32_t index);

  const Pass& pass;
  const RecurrenceSpec& spec;
  const RecurrentWeights& weights;
  const NormWeights& norm;
  const NormWeights& post_norm;
  LayerState state;
  MixerSizes sizes;

  [[nodiscard]] float* projected(std::size_t token) const {
    return pass.buffers.projected + token * sizes.projected;
  }
  [[nodiscard]] float* mixed(std::size_t token) const {
    return pass.buffers.mixed + token * sizes.inner;
  }
};

/// A matrix, and the value of the projected row where what it gives begins.
struct Projection {
  const PackedMatrix* matrix;
  std::size_t first;
};

/// projected = each matrix times norm(residual).
void project(const RecurrentLayer& layer, std::initializer_list<Projection> projections);

/// Convolves sizes.channels values of the projected rows from `first` on.
void convolve_projected(const RecurrentLayer& layer, std::size_t first, bool silu);

/// residual += out * mixed.
void add_mixed(const RecurrentLayer& layer);

}  // namespace assay
