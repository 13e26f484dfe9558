// Float32 values as whole numbers of three bytes, whose products with int8 codes the tiles of AMX
// add up exactly: value = scale * n, n = d0 + 2^8 d1 + 2^16 d2 with digits from -128 to 127.
//
// Rounding to n errs by at most 2^-24 of the largest value that shares the scale, as adding float32
// products to a sum of that size would.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

constexpr std::size_t k_digits = 3;
// 127 * (1 + 2^8 + 2^16), less what the factor's rounding may add.
constexpr float k_largest_number = 8355700.0F;
// Between these the scale and its inverse are normal numbers.
constexpr float k_least_largest = 0x1p-80F;
constexpr float k_most_largest = 0x1p80F;

/// False for zeros, infinities and NaN too.
inline bool has_digits(float largest) {
  return largest >= k_least_largest && largest <= k_most_largest;
}

inline float largest_magnitude(const float* values, std::size_t count) {
  Floats largest = all(0.0F);
  Floats sum = all(0.0F);  // NaN, where maxima would lose one
  for (std::size_t i = 0; i < count; i += k_lanes) {
    const Floats value = load_some(values + i, smaller(count - i, k_lanes));
    largest = greater(largest, _mm512_abs_ps(value));
    sum = plus(sum, value);
  }
  const float total = sum_of_lanes(sum);
  return total == total ? largest_of_lanes(largest) : total;
}

/// The bytes 0, 1 and 2 of each lane are the digits of value * factor, byte 3 is zero.
inline __m512i digits_of(Floats values, Floats factor) {
  // With 128 added to each digit none is negative, so that the bytes of the number are digits.
  const __m512i offset = _mm512_set1_epi32(0x808080);
  const __m512i number = _mm512_cvtps_epi32(times(values, factor));
  return _mm512_xor_si512(_mm512_add_epi32(number, offset), offset);
}

/// The number of digits d of a lane, times its scale.
inline Floats value_of_digits(const __m512i (&d)[k_digits], Floats scale) {
  Floats number = multiply_add(_mm512_cvtepi32_ps(d[2]), all(0x1p8F), _mm512_cvtepi32_ps(d[1]));
  number = multiply_add(number, all(0x1p8F), _mm512_cvtepi32_ps(d[0]));
  return times(number, scale);
}

}  // namespace
}  // namespace assay
