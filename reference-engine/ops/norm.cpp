#include "reference-engine/ops/norm.hpp"

#include <algorithm>
#include <cmath>

namespace assay {

void rms_norm(const KernelTable& kernels, std::span<const float> x, std::span<const float> weight,
              float epsilon, std::span<float> out) {
  const float mean_square =
      kernels.sum_of_squares(x.data(), x.size()) / static_cast<float>(x.size());
  if (out.data() != x.data()) std::copy(x.begin(), x.end(), out.begin());
  const float scale = 1.0F / std::sqrt(mean_square + epsilon);
  if (weight.empty()) {
    for (float& value : out) value *= scale;
  } else {
    kernels.scale_by(out.data(), weight.data(), scale, out.size());
  }
}

void norm(const KernelTable& kernels, const NormSpec& spec, std::span<const float> x,
          const NormWeights& weights, std::span<float> out) {
  rms_norm(kernels, x, weights.weight, spec.epsilon, out);
  if (!weights.bias.empty()) kernels.add_scaled(out.data(), weights.bias.data(), 1.0F, out.size());
}

}  // namespace assay
