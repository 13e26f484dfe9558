#include "reference-engine/ops/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace assay {
namespace {

/// YaRN: the index of the frequency that turns `rotations` times within the original context.
double correction_index(const RopeSpec& rope, double rotations) {
  return rope.dims * std::log(rope.original_context / (rotations * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(static_cast<double>(rope.base)));
}

/// High frequencies stay, low ones are stretched by the factor, those between are blended.
void scale_by_yarn(const RopeSpec& rope, RopeFrequencies& result) {
  const auto factor = static_cast<double>(rope.factor);
  const double low =
      std::max(0.0, std::floor(correction_index(rope, static_cast<double>(rope.yarn_beta_fast))));
  const double high =
      std::min(static_cast<double>(rope.dims) - 1.0,
               std::ceil(correction_index(rope, static_cast<double>(rope.yarn_beta_slow))));
  const double width = std::max(0.001, high - low);  // the published code's guard against 0
  for (std::size_t i = 0; i < result.frequencies.size(); ++i) {
    const double keep = 1.0 - std::clamp((static_cast<double>(i) - low) / width, 0.0, 1.0);
    double& frequency = result.frequencies[i];
    frequency = frequency / factor * (1.0 - keep) + frequency * keep;
  }
  // Attention temperature, YaRN equation 22; the divisor is DeepSeek's mscale_all_dim.
  const double logarithm = 0.1 * std::log(factor);
  result.magnitude = static_cast<double>(rope.attention_factor) *
                     (1.0 + static_cast<double>(rope.yarn_magnitude) * logarithm) /
                     (1.0 + static_cast<double>(rope.yarn_magnitude_divisor) * logarithm);
}

}  // namespace

RopeFrequencies rope_frequencies(const RopeSpec& rope, std::span<const float> factors) {
  RopeFrequencies result;
  result.frequencies.resize(rope.dims / 2);
  for (std::size_t i = 0; i < result.frequencies.size(); ++i) {
    result.frequencies[i] =
        std::pow(static_cast<double>(rope.base), -2.0 * static_cast<double>(i) / rope.dims);
    if (!factors.empty()) result.frequencies[i] /= static_cast<double>(factors[i]);
  }
  switch (rope.scaling) {
    case RopeScaling::none:
      break;
    case RopeScaling::linear:
      for (double& frequency : result.frequencies) frequency /= static_cast<double>(rope.factor);
      break;
    case RopeScaling::yarn:
      scale_by_yarn(rope, result);
      break;
    case RopeScaling::longrope:
      result.magnitude = static_cast<double>(rope.attention_factor);
      break;
  }
  return result;
}

void rope_table(const RopeFrequencies& frequencies, std::uint32_t first_position,
                std::uint32_t positions, float* cosines, float* sines) {
  for (std::uint32_t p = 0; p < positions; ++p) {
    for (const double frequency : frequencies.frequencies) {
      const double angle = (static_cast<double>(first_position) + p) * frequency;
      *cosines++ = static_cast<float>(std::cos(angle) * frequencies.magnitude);
      *sines++ = static_cast<float>(std::sin(angle) * frequencies.magnitude);
    }
  }
}

void rotate_head(const RopeSpec& rope, const float* cosines, const float* sines, float* head) {
  const std::size_t half = rope.dims / 2;
  // Value i of pair p stands at p * step, its partner `apart` further on.
  const std::size_t step = rope.pairs == RopePairs::adjacent ? 2 : 1;
  const std::size_t apart = rope.pairs == RopePairs::adjacent ? 1 : half;
  for (std::size_t p = 0; p < half; ++p) {
    float& first = head[p * step];
    float& second = head[p * step + apart];
    const float a = first;
    const float b = second;
    first = a * cosines[p] - b * sines[p];
    second = a * sines[p] + b * cosines[p];
  }
}

}  // namespace assay
