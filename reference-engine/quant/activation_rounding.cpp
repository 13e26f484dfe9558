#include "reference-engine/quant/activation_rounding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

/// The exponent of a largest magnitude of 2^14 .. 2^15 after multiplying by 2^power. Infinity and
/// what is not a number count as 2^128; what is below 2^-112 gets no larger a power than 2^126,
/// whose inverse is normal.
int scaling_power(std::span<const float> values) {
  std::uint32_t largest = 0;
  for (const float value : values) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU);
  }
  const int exponent = static_cast<int>(largest >> 23) - 127;
  return std::min(14 - exponent, 126);
}

void round_to_f16(std::span<float> values) {
  const int power = scaling_power(values);
  for (float& value : values) {
    value = std::ldexp(f16_to_f32(f32_to_f16(std::ldexp(value, power))), -power);
  }
}

}  // namespace

void round_activations(ActivationRounding rounding, std::span<float> column) {
  switch (rounding) {
    case ActivationRounding::none:
      return;
    case ActivationRounding::bf16:
      for (float& value : column) value = bf16_to_f32(f32_to_bf16(value));
      return;
    case ActivationRounding::f16:
      for (std::size_t at = 0; at < column.size(); at += k_f16_group) {
        round_to_f16(column.subspan(at, std::min(k_f16_group, column.size() - at)));
      }
      return;
  }
}

double rounding_step(ActivationRounding rounding) {
  switch (rounding) {
    case ActivationRounding::none:
      break;
    case ActivationRounding::bf16:
      return 0x1p-7;
    case ActivationRounding::f16:
      return 0x1p-10;
  }
  return 0.0;
}

double rounding_error(ActivationRounding rounding) {
  const double step = rounding_step(rounding);
  return step * step / (12.0 * 7.0 / 3.0);
}

}  // namespace assay
