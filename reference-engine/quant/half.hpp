#pragma once

#include <bit>
#include <cstdint>

namespace assay {

/// IEEE 754 binary16 to binary32, exact for every input (NaN payloads are kept, quiet).
inline float f16_to_f32(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0x1F) {
    const std::uint32_t quiet = mantissa != 0 ? 0x00400000U : 0U;
    return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13) | quiet);
  }
  if (exponent == 0) {  // zero and subnormals: mantissa * 2^-24, exact in binary32
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

/// binary32 to the nearest binary16, ties to even; what is too large becomes infinity.
inline std::uint16_t f32_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) {  // NaN: quiet, the upper bits of the payload
    return static_cast<std::uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x3FFU));
  }
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
  std::uint32_t kept;
  std::uint32_t rest;
  std::uint32_t half_step;
  if (magnitude >= 0x38800000U) {  // normal
    kept = (magnitude - 0x38000000U) >> 13;
    rest = magnitude & 0x1FFFU;
    half_step = 0x1000U;
  } else {  // subnormal: shift the mantissa, leading one included, to units of 2^-24
    const std::uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return static_cast<std::uint16_t>(sign);  // below half of 2^-24
    const std::uint32_t shift = 126 - exponent;                   // 14 .. 24
    const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    kept = mantissa >> shift;
    rest = mantissa & ((1U << shift) - 1);
    half_step = 1U << (shift - 1);
  }
  if (rest > half_step || (rest == half_step && (kept & 1U) != 0)) ++kept;
  return static_cast<std::uint16_t>(sign | kept);
}

/// bfloat16 is the upper half of binary32.
inline float bf16_to_f32(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

/// binary32 to the nearest bfloat16, ties to even; NaN stays NaN.
inline std::uint16_t f32_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace assay
