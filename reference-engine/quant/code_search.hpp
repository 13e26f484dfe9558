#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/half.hpp"

namespace assay {

// How the encoders choose scales where value = scale * code (formats that subtract a minimum:
// line_search.hpp).
//
// For given codes c the error sum((x - s c)^2) is least at s = sum(x c) / sum(c^2), where it is
// sum(x^2) - sum(x c)^2 / sum(c^2): codes are compared by their gain sum(x c)^2 / sum(c^2). The
// search starts from scales that put the value of largest magnitude inside, on and outside an end
// of the range, rounds to the nearest codes, and from the best goes on by refitting and rounding in
// turn, as k-means does. All values count alike: that minimises the error of a product with
// activations of which nothing is known.

/// A float of magnitude below 2^22 to the nearest integer, halves to even: 1.5 * 2^23 leaves no
/// bits for a fraction. Vectorises, where std::round is a call.
inline float nearest_integer(float value) {
  constexpr float k_no_fraction = 12582912.0F;
  return (value + k_no_fraction) - k_no_fraction;
}

/// `value` held within [low, high]; low for what is not a number.
inline float within(float value, float low, float high) {
  const float most = value < high ? value : high;  // high for what is not a number
  return most > low ? most : low;
}

/// The codes are the integers low .. high.
struct IntegerCodes {
  float low;
  float high;
  [[nodiscard]] float nearest(float value) const {
    return nearest_integer(within(value, low, high));
  }
};

/// The codes are 16 numbers in ascending order, multiples of 1/2 within +-128.
class TableCodes {
 public:
  constexpr explicit TableCodes(const std::array<float, 16>& values)
      : low(values.front()), high(values.back()), values_(values) {
    // Where one code gives way to the next is a multiple of 1/4: within a cell of that width all
    // values have the same nearest code.
    for (std::size_t cell = 0; cell < k_cells; ++cell) {
      const float middle = (static_cast<float>(cell) + 0.5F) / 4.0F - 128.0F;
      std::uint8_t index = 0;
      while (index < 15 && middle > (values[index] + values[index + 1U]) / 2.0F) ++index;
      index_[cell] = index;
    }
  }
  [[nodiscard]] std::uint8_t index(float value) const {
    return index_[static_cast<std::size_t>((within(value, low, high) + 128.0F) * 4.0F)];
  }
  [[nodiscard]] float nearest(float value) const { return values_[index(value)]; }

  float low;
  float high;

 private:
  static constexpr std::size_t k_cells = 1025;
  std::array<float, 16> values_;
  std::array<std::uint8_t, k_cells> index_{};
};

/// The value of largest magnitude, with its sign; the first of several.
inline float largest_value(const float* x, std::size_t n) {
  float largest = 0.0F;
  for (std::size_t j = 0; j < n; ++j) {
    if (std::fabs(x[j]) > std::fabs(largest)) largest = x[j];
  }
  return largest;
}

/// A scale to the nearest binary16; one beyond its range becomes the largest, for an infinite scale
/// would make values that are not numbers.
inline std::uint16_t scale_to_f16(float scale) {
  constexpr float k_largest = 65504.0F;
  return f32_to_f16(within(scale, -k_largest, k_largest));
}

/// Brings the values of a block to magnitudes below 1 by a power of two, so that no sum of squares
/// overflows or vanishes, and scales back what was found: exact both ways.
template <std::size_t N>
struct UnitBlock {
  explicit UnitBlock(const float* values) {
    const float largest = largest_value(values, N);
    exponent = std::isfinite(largest) && largest != 0.0F ? std::ilogb(largest) + 1 : 0;
    for (std::size_t j = 0; j < N; ++j) x[j] = std::ldexp(values[j], -exponent);
  }
  [[nodiscard]] float restore(float scale) const { return std::ldexp(scale, exponent); }
  /// A scale of the unit block as binary16 holds it once it is restored.
  [[nodiscard]] float as_stored(float scale) const {
    return std::ldexp(f16_to_f32(scale_to_f16(restore(scale))), -exponent);
  }

  float x[N];
  int exponent;
};

/// The sums that say what codes are worth; summed in four lanes, as vector registers hold them.
struct CodeSums {
  float products = 0.0F;  // sum(x c)
  float squares = 0.0F;   // sum(c^2)
  [[nodiscard]] float scale() const { return squares > 0.0F ? products / squares : 0.0F; }
  [[nodiscard]] float gain() const { return products * scale(); }
};

/// Sums over the codes nearest to x * inverse. Requires n to be a multiple of 4.
template <typename Codes>
CodeSums sum_codes(const float* x, std::size_t n, const Codes& codes, float inverse) {
  float products[4] = {};
  float squares[4] = {};
  for (std::size_t j = 0; j < n; j += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const float code = codes.nearest(x[j + lane] * inverse);
      products[lane] += x[j + lane] * code;
      squares[lane] += code * code;
    }
  }
  return {(products[0] + products[2]) + (products[1] + products[3]),
          (squares[0] + squares[2]) + (squares[1] + squares[3])};
}

/// What the scale s leaves of the codes' error: sum((x - s c)^2) - sum(x^2).
template <typename Codes>
float error_of_scale(const float* x, std::size_t n, const Codes& codes, float scale) {
  if (scale == 0.0F) return 0.0F;
  const CodeSums sums = sum_codes(x, n, codes, 1.0F / scale);
  return scale * (scale * sums.squares - 2.0F * sums.products);
}

/// The scale for n values (a multiple of 4) of magnitudes below 1; 0 for zeros. It has the sign
/// that suits a range with unequal ends.
template <typename Codes>
float search_scale(const float* x, std::size_t n, const Codes& codes) {
  const float largest = largest_value(x, n);
  if (largest == 0.0F) return 0.0F;
  // Where the largest value may fall, in units of the longer end: outside, for clipping a value
  // pays for a finer step; well inside, for with unequal ends or many codes a coarser step may fit
  // better.
  const float end = std::max(-codes.low, codes.high);
  constexpr float k_inside = 0.6F;
  constexpr float k_outside = 1.15F;
  constexpr int k_steps = 16;
  CodeSums best;
  for (int step = 0; step <= k_steps; ++step) {
    const float at = k_inside + (k_outside - k_inside) * static_cast<float>(step) / k_steps;
    for (const float sign : {1.0F, -1.0F}) {
      const CodeSums sums = sum_codes(x, n, codes, sign * at * end / largest);
      if (sums.gain() > best.gain()) best = sums;
    }
  }
  for (int round = 0; round < 3 && best.products != 0.0F; ++round) {
    const CodeSums sums = sum_codes(x, n, codes, 1.0F / best.scale());
    if (!(sums.gain() > best.gain())) break;
    best = sums;
  }
  return best.scale();
}

/// What a block with one scale stores: d as binary16, and the codes nearest for exactly this.
template <std::size_t N>
struct OneScaleFit {
  std::uint16_t d;
  float codes[N];
};

/// Fits N finite values.
template <std::size_t N, typename Codes>
OneScaleFit<N> fit_one_scale(const float* values, const Codes& codes) {
  const UnitBlock<N> unit(values);
  const float scale = unit.as_stored(search_scale(unit.x, N, codes));
  OneScaleFit<N> fit{scale_to_f16(unit.restore(scale)), {}};
  const float inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
  for (std::size_t j = 0; j < N; ++j) fit.codes[j] = codes.nearest(unit.x[j] * inverse);
  return fit;
}

}  // namespace assay
