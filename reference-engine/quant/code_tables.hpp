#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace assay {

/// What the 16 nibbles of IQ4_NL and IQ4_XS stand for (kvalues_iq4nl of ggml-common.h).
inline constexpr std::int8_t k_nonlinear_codes[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};
/// Their root mean square, each as often.
inline constexpr float k_nonlinear_deviation = 67.4F;

/// Twice the values of E2M1, the 4-bit floats of the OCP microscaling formats: a sign, two bits of
/// exponent, one of mantissa.
inline constexpr std::int8_t k_e2m1_codes[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                 0, -1, -2, -3, -4, -6, -8, -12};
inline constexpr float k_e2m1_deviation = 5.85F;

/// The first code whose table value is nearest.
inline std::uint8_t nearest_code(const std::int8_t table[16], float value) {
  std::uint8_t best = 0;
  for (std::uint8_t i = 1; i < 16; ++i) {
    const float before = std::fabs(value - static_cast<float>(table[best]));
    if (std::fabs(value - static_cast<float>(table[i])) < before) best = i;
  }
  return best;
}

}  // namespace assay
