#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/code_search.hpp"

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

/// Both tables in ascending order, for the encoders.
inline constexpr TableCodes k_nonlinear({-127.0F, -104.0F, -83.0F, -65.0F, -49.0F, -35.0F, -22.0F,
                                         -10.0F, 1.0F, 13.0F, 25.0F, 38.0F, 53.0F, 69.0F, 89.0F,
                                         113.0F});
inline constexpr TableCodes k_e2m1({-12.0F, -8.0F, -6.0F, -4.0F, -3.0F, -2.0F, -1.0F, 0.0F, 0.0F,
                                    1.0F, 2.0F, 3.0F, 4.0F, 6.0F, 8.0F, 12.0F});
/// The nibble of a place in k_e2m1: negative numbers have the sign bit, and zero has not.
constexpr std::uint8_t e2m1_nibble(std::uint8_t index) {
  if (index == 7) return 0;
  return static_cast<std::uint8_t>(index < 7 ? 15 - index : index - 8);
}

}  // namespace assay
