#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/code_search.hpp"

namespace assay {

/// How a block of 256 values is divided where value = (d * scale[b]) * code.
struct ScaledShape {
  std::size_t sub_block;  // values that share one scale: 16 or 32
  int lowest_scale;       // the integer scales; the range has its longer end below zero
  int highest_scale;
};

/// What such a block stores: d as binary16 holds it, and the codes nearest for exactly these
/// scales.
struct ScaledFit {
  float d = 0.0F;
  std::int8_t scale[16] = {};
  float codes[256] = {};
};

namespace scaled_fit {

constexpr std::size_t k_values = 256;

/// The integer scale for a sub-block: the nearest to the one that was found or a neighbour,
/// whichever leaves the least error.
template <typename Codes>
int choose_scale(const float* x, float found, float d, const Codes& codes,
                 const ScaledShape& shape) {
  const auto lowest = static_cast<float>(shape.lowest_scale);
  const auto highest = static_cast<float>(shape.highest_scale);
  const float middle = nearest_integer(within(found / d, lowest, highest));
  float best = 0.0F;
  float best_error = 0.0F;  // that of scale 0, above sum(x^2)
  for (const float step : {0.0F, -1.0F, 1.0F}) {
    const float scale = within(middle + step, lowest, highest);
    const float error = error_of_scale(x, shape.sub_block, codes, d * scale);
    if (error < best_error) {
      best = scale;
      best_error = error;
    }
  }
  return static_cast<int>(best);
}

/// Chooses scales and codes for d. Returns the error above sum(x^2).
template <typename Codes>
float choose_codes(const float* x, const float* found, const Codes& codes, const ScaledShape& shape,
                   ScaledFit& block) {
  float error = 0.0F;
  for (std::size_t b = 0; b < k_values / shape.sub_block; ++b) {
    const float* values = x + b * shape.sub_block;
    const int scale = choose_scale(values, found[b], block.d, codes, shape);
    block.scale[b] = static_cast<std::int8_t>(scale);
    const float step = block.d * static_cast<float>(scale);
    const float inverse = step != 0.0F ? 1.0F / step : 0.0F;
    for (std::size_t j = 0; j < shape.sub_block; ++j) {
      block.codes[b * shape.sub_block + j] = codes.nearest(values[j] * inverse);
    }
    error += error_of_scale(values, shape.sub_block, codes, step);
  }
  return error;
}

/// The least-squares d for the scales and codes of a block.
inline float refit_d(const float* x, const ScaledShape& shape, const ScaledFit& block) {
  float products = 0.0F;
  float squares = 0.0F;
  for (std::size_t j = 0; j < k_values; ++j) {
    const std::size_t sub = j / shape.sub_block;
    const float code = static_cast<float>(block.scale[sub]) * block.codes[j];
    products += x[j] * code;
    squares += code * code;
  }
  return squares > 0.0F ? products / squares : block.d;
}

}  // namespace scaled_fit

/// Fits 256 finite values: a scale for each sub-block by search, d so that the largest of them is
/// the end of the integers, then d once more by least squares if that lowers the error.
template <typename Codes>
ScaledFit fit_scaled(const float* values, const Codes& codes, const ScaledShape& shape) {
  const UnitBlock<scaled_fit::k_values> unit(values);
  float found[16] = {};
  for (std::size_t b = 0; b < scaled_fit::k_values / shape.sub_block; ++b) {
    found[b] = search_scale(unit.x + b * shape.sub_block, shape.sub_block, codes);
  }
  ScaledFit best;
  best.d = unit.as_stored(largest_value(found, 16) / static_cast<float>(shape.lowest_scale));
  if (best.d == 0.0F) return {};
  float best_error = scaled_fit::choose_codes(unit.x, found, codes, shape, best);
  constexpr int k_refits = 2;
  for (int round = 0; round < k_refits; ++round) {
    ScaledFit next;
    next.d = unit.as_stored(scaled_fit::refit_d(unit.x, shape, best));
    if (next.d == 0.0F || next.d == best.d) break;
    const float error = scaled_fit::choose_codes(unit.x, found, codes, shape, next);
    if (!(error < best_error)) break;
    best = next;
    best_error = error;
  }
  best.d = unit.restore(best.d);
  return best;
}

}  // namespace assay
