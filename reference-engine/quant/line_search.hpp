#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/code_search.hpp"

namespace assay {

// How the encoders choose a scale and a minimum where value = scale * code - minimum, code 0 ..
// highest. For given codes both follow from least squares, and codes are compared by the error that
// these leave; the search is that of code_search.hpp.

struct Line {
  float scale = 0.0F;
  float minimum = 0.0F;
};

/// Whether a format can store a line above zero (Q4_1, Q5_1) or not (the K formats).
enum class MinimumSign { any, not_negative };

/// The best line for n values (a multiple of 4) of magnitudes below 1.
Line search_line(const float* x, std::size_t n, float highest, MinimumSign sign);

/// sum((scale c - minimum - x)^2) with the nearest codes of a line.
float error_of_line(const float* x, std::size_t n, float highest, Line line);

/// What a block of 32 values with one line stores: d and m (above: -minimum) as binary16, and the
/// codes nearest for exactly these.
struct OneLineFit {
  std::uint16_t d;
  std::uint16_t m;
  std::uint8_t codes[32];
};

/// Fits 32 finite values with codes 0 .. highest.
OneLineFit fit_one_line(const float* values, int highest);

}  // namespace assay
