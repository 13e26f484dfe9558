#pragma once

#include <cstddef>
#include <cstdint>

namespace assay {

/// How a block of 256 values is divided where value = (d * scale[b]) * code - dmin * minimum[b].
struct LinedShape {
  std::size_t sub_block;  // values that share one scale and minimum: 16 or 32
  int highest_code;
  int highest_scale;  // of the integer scales and minimums; the lowest is 0
};

/// What such a block stores: d and dmin as binary16 holds them, and the codes nearest for exactly
/// these, the scales and the minimums.
struct LinedFit {
  float d = 0.0F;
  float dmin = 0.0F;
  std::uint8_t scale[16] = {};
  std::uint8_t minimum[16] = {};
  std::uint8_t codes[256] = {};
};

/// Fits 256 finite values: a line for each sub-block by search, d and dmin so that the largest
/// scale and minimum are the highest integer, then both once more by least squares if that lowers
/// the error.
LinedFit fit_lined(const float* values, const LinedShape& shape);

}  // namespace assay
