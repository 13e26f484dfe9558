#include "reference-engine/ops/short_convolution.hpp"

#include "reference-engine/ops/recurrent_layer.hpp"

namespace assay {

void short_convolution_block(const Pass& pass, std::uint32_t index) {
  const RecurrentLayer layer(pass, index);
  const std::size_t width = pass.spec.d_model;  // of b, of c and of x, in this order
  project(layer, {{&layer.weights.in, 0}});
  const auto for_tokens = [&](const auto& job) {
    for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t t = begin; t < end; ++t) job(t, layer.projected(t));
               });
  };
  for_tokens(
      [&](std::size_t, float* row) { pass.kernels.scale_by(row + 2 * width, row, 1.0F, width); });
  convolve_projected(layer, 2 * width, false);
  for_tokens([&](std::size_t t, const float* row) {
    float* out = layer.mixed(t);
    for (std::size_t i = 0; i < width; ++i) out[i] = row[width + i] * row[2 * width + i];
  });
  add_mixed(layer);
}

}  // namespace assay
