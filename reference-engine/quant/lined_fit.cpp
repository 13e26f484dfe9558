#include "reference-engine/quant/lined_fit.hpp"

#include <algorithm>

#include "reference-engine/quant/line_search.hpp"

namespace assay {
namespace {

constexpr std::size_t k_values = 256;

/// An integer scale and minimum, and the error that they leave.
struct Choice {
  float scale = 0.0F;
  float minimum = 0.0F;
  float error = 0.0F;
};

float nearest_step(float value, float unit, float highest) {
  return unit > 0.0F ? nearest_integer(within(value / unit, 0.0F, highest)) : 0.0F;
}

/// The integers for a sub-block: the nearest to the line that was found or their neighbours,
/// whichever leave the least error.
Choice choose_integers(const float* x, Line found, const LinedFit& block, const LinedShape& shape) {
  const auto highest = static_cast<float>(shape.highest_scale);
  const auto highest_code = static_cast<float>(shape.highest_code);
  const float scale = nearest_step(found.scale, block.d, highest);
  const float minimum = nearest_step(found.minimum, block.dmin, highest);
  const auto error_of = [&](float s, float m) {
    return error_of_line(x, shape.sub_block, highest_code, {block.d * s, block.dmin * m});
  };
  Choice best{scale, minimum, error_of(scale, minimum)};
  for (const float scale_step : {-1.0F, 0.0F, 1.0F}) {
    for (const float minimum_step : {-1.0F, 0.0F, 1.0F}) {
      const float s = within(scale + scale_step, 0.0F, highest);
      const float m = within(minimum + minimum_step, 0.0F, highest);
      const float error = error_of(s, m);
      if (error < best.error) best = {s, m, error};
    }
  }
  return best;
}

/// Chooses scales, minimums and codes for d and dmin. Returns the error.
float choose_codes(const float* x, const Line* found, const LinedShape& shape, LinedFit& block) {
  const IntegerCodes range{0.0F, static_cast<float>(shape.highest_code)};
  float error = 0.0F;
  for (std::size_t b = 0; b < k_values / shape.sub_block; ++b) {
    const float* values = x + b * shape.sub_block;
    const Choice choice = choose_integers(values, found[b], block, shape);
    block.scale[b] = static_cast<std::uint8_t>(choice.scale);
    block.minimum[b] = static_cast<std::uint8_t>(choice.minimum);
    const float step = block.d * choice.scale;
    const float minimum = block.dmin * choice.minimum;
    const float inverse = step > 0.0F ? 1.0F / step : 0.0F;
    for (std::size_t j = 0; j < shape.sub_block; ++j) {
      block.codes[b * shape.sub_block + j] =
          static_cast<std::uint8_t>(range.nearest((values[j] + minimum) * inverse));
    }
    error += choice.error;
  }
  return error;
}

struct Units {
  float d;
  float dmin;
};

/// The least-squares d and dmin for the integers of a block: sum((d a - dmin m - x)^2) is least for
///   d sum(a a) - dmin sum(a m) = sum(a x),   d sum(a m) - dmin sum(m m) = sum(m x)
/// with a = scale * code and m = minimum of each value.
Units refit(const float* x, const LinedShape& shape, const LinedFit& block) {
  double aa = 0.0;
  double am = 0.0;
  double mm = 0.0;
  double ax = 0.0;
  double mx = 0.0;
  for (std::size_t j = 0; j < k_values; ++j) {
    const std::size_t b = j / shape.sub_block;
    const double a = static_cast<double>(block.scale[b]) * static_cast<double>(block.codes[j]);
    const auto m = static_cast<double>(block.minimum[b]);
    const auto value = static_cast<double>(x[j]);
    aa += a * a;
    am += a * m;
    mm += m * m;
    ax += a * value;
    mx += m * value;
  }
  const double determinant = aa * mm - am * am;
  if (determinant > 0.0) {
    const double d = (ax * mm - am * mx) / determinant;
    const double dmin = (ax * am - aa * mx) / determinant;
    if (d > 0.0 && dmin > 0.0) return {static_cast<float>(d), static_cast<float>(dmin)};
  }
  return {block.d, block.dmin};
}

}  // namespace

LinedFit fit_lined(const float* values, const LinedShape& shape) {
  const UnitBlock<k_values> unit(values);
  Line found[16];
  float largest_scale = 0.0F;
  float largest_minimum = 0.0F;
  for (std::size_t b = 0; b < k_values / shape.sub_block; ++b) {
    found[b] = search_line(unit.x + b * shape.sub_block, shape.sub_block,
                           static_cast<float>(shape.highest_code), MinimumSign::not_negative);
    largest_scale = std::max(largest_scale, found[b].scale);
    largest_minimum = std::max(largest_minimum, found[b].minimum);
  }
  const auto highest = static_cast<float>(shape.highest_scale);
  LinedFit best;
  best.d = unit.as_stored(largest_scale / highest);
  best.dmin = unit.as_stored(largest_minimum / highest);
  float best_error = choose_codes(unit.x, found, shape, best);
  constexpr int k_refits = 2;
  for (int round = 0; round < k_refits; ++round) {
    const Units units = refit(unit.x, shape, best);
    LinedFit next;
    next.d = unit.as_stored(units.d);
    next.dmin = unit.as_stored(units.dmin);
    const float error = choose_codes(unit.x, found, shape, next);
    if (!(error < best_error)) break;
    best = next;
    best_error = error;
  }
  best.d = unit.restore(best.d);
  best.dmin = unit.restore(best.dmin);
  return best;
}

}  // namespace assay
