#include "reference-engine/runtime/pass.hpp"

#include <algorithm>

#include "reference-engine/ops/norm.hpp"

namespace assay {

std::size_t row_grain(const Pass& pass, std::size_t rows) {
  return std::max<std::size_t>(1, rows / (std::size_t{pass.pool.size()} * 4));
}

void for_pieces(const Pass& pass, std::size_t count, std::size_t grain,
                const std::function<void(std::size_t begin, std::size_t end)>& job) {
  if (count <= grain) {
    if (count > 0) job(0, count);
    return;
  }
  pass.pool.for_each(count, grain,
                     [&](std::size_t begin, std::size_t end, unsigned) { job(begin, end); });
}

bool any_takes_q8(std::initializer_list<const PackedMatrix*> matrices) {
  return std::any_of(matrices.begin(), matrices.end(),
                     [](const PackedMatrix* matrix) { return matrix->kernels->takes_q8; });
}

Activations normalise(const Pass& pass, const float* rows, std::size_t count,
                      std::span<const float> weight,
                      std::initializer_list<const PackedMatrix*> matrices) {
  const std::size_t width = pass.spec.d_model;
  const bool with_codes = any_takes_q8(matrices);
  for_pieces(pass, count, row_grain(pass, count), [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      const std::span<float> out(pass.buffers.normalised + t * width, width);
      rms_norm(pass.kernels, {rows + t * width, width}, weight, pass.spec.norm_epsilon, out);
      if (with_codes) pass.buffers.codes.quantise(pass.kernels, out.data(), width, t);
    }
  });
  return pass.buffers.codes.with(pass.buffers.normalised, width);
}

}  // namespace assay
