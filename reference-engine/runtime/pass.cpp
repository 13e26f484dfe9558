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
  return std::any_of(matrices.begin(), matrices.end(), [](const PackedMatrix* matrix) {
    return matrix->kernels != nullptr && matrix->kernels->takes_q8;
  });
}

Activations normalise(const Pass& pass, const float* rows, std::size_t count,
                      const NormWeights& weights,
                      std::initializer_list<const PackedMatrix*> matrices) {
  const std::size_t width = pass.spec.d_model;
  const bool with_codes = any_takes_q8(matrices);
  for_pieces(pass, count, row_grain(pass, count), [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      const std::span<float> out(pass.buffers.normalised + t * width, width);
      const std::span<const float> row(rows + t * width, width);
      if (weights.weight.empty()) {
        std::copy(row.begin(), row.end(), out.begin());
      } else {
        norm(pass.kernels, pass.spec.norm, row, weights, out);
      }
      if (with_codes) pass.buffers.codes.quantise(pass.kernels, out.data(), width, t);
    }
  });
  return pass.buffers.codes.with(pass.buffers.normalised, width);
}

void add_bias(const Pass& pass, std::span<const float> bias, float* row) {
  if (!bias.empty()) pass.kernels.add_scaled(row, bias.data(), 1.0F, bias.size());
}

void add_to_residual(const Pass& pass, float* rows, std::span<const float> bias,
                     const NormWeights& post_norm) {
  const std::size_t width = pass.spec.d_model;
  const bool by_row = !bias.empty() || !post_norm.weight.empty();
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; by_row && t < end; ++t) {
                 const std::span<float> row(rows + t * width, width);
                 add_bias(pass, bias, row.data());
                 if (!post_norm.weight.empty()) {
                   norm(pass.kernels, pass.spec.norm, row, post_norm, row);
                 }
               }
               pass.kernels.add_scaled(pass.buffers.residual + begin * width, rows + begin * width,
                                       pass.spec.scale.residual, (end - begin) * width);
             });
}

}  // namespace assay
