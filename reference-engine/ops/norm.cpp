#include "reference-engine/ops/norm.hpp"

#include <algorithm>
#include <cmath>

namespace assay {

void rms_norm(const KernelTable& kernels, std::span<const float> x, std::span<const float> weight,
              float epsilon, std::span<float> out) {
  const float mean_square =
      kernels.sum_of_squares(x.data(), x.size()) / static_cast<float>(x.size());
  if (out.data() != x.data()) std::copy(x.begin(), x.end(), out.begin());
  kernels.scale_by(out.data(), weight.data(), 1.0F / std::sqrt(mean_square + epsilon), out.size());
}

}  // namespace assay
