#include "reference-engine/ops/recurrence.hpp"

#include <algorithm>
#include <cmath>

namespace assay {

double softplus(float x) {
  const auto wide = static_cast<double>(x);
  return std::max(wide, 0.0) + std::log1p(std::exp(-std::fabs(wide)));
}

void run_state_space(const KernelTable& kernels, const StateSpaceHead& head,
                     const StateSpaceInput& input, std::size_t tokens, float* out,
                     std::size_t out_stride) {
  for (std::size_t t = 0; t < tokens; ++t) {
    const std::size_t at = t * input.stride;
    const double step = softplus(input.step[at] + head.step_bias);
    const auto decay = static_cast<float>(std::exp(step * static_cast<double>(head.rate)));
    const auto scale = static_cast<float>(step);
    const float* x = input.x + at;
    for (std::size_t p = 0; p < head.width; ++p) {
      const float read = kernels.advance_state(head.state + p * head.size, input.add + at,
                                               input.read + at, decay, scale * x[p], head.size);
      out[t * out_stride + p] = read + head.skip * x[p];
    }
  }
}

void run_delta_net(const KernelTable& kernels, const DeltaHead& head, const DeltaInput& input,
                   std::size_t tokens, float* out, std::size_t out_stride) {
  const float shrink = 1.0F / std::sqrt(static_cast<float>(head.size));
  for (std::size_t t = 0; t < tokens; ++t) {
    const std::size_t at = t * input.stride;
    const double step = softplus(input.step[at] + head.step_bias);
    const auto decay = static_cast<float>(std::exp(step * static_cast<double>(head.rate)));
    const float write = 1.0F / (1.0F + std::exp(-input.write[at]));
    const float* key = input.key + at;
    for (std::size_t p = 0; p < head.width; ++p) {
      float* row = head.state + p * head.size;
      const float known = decay * kernels.dot_f32(row, key, head.size);
      const float correction = write * (input.value[at + p] - known);
      out[t * out_stride + p] =
          shrink * kernels.advance_state(row, key, input.query + at, decay, correction, head.size);
    }
  }
}

void make_unit(const KernelTable& kernels, float* x, std::size_t size, float epsilon) {
  const float factor = 1.0F / std::sqrt(kernels.sum_of_squares(x, size) + epsilon);
  for (std::size_t i = 0; i < size; ++i) x[i] *= factor;
}

}  // namespace assay
