#include "reference-engine/ops/recurrent_layer.hpp"

#include <array>
#include <vector>

#include "reference-engine/ops/causal_convolution.hpp"

namespace assay {

RecurrentLayer::RecurrentLayer(const Pass& of_pass, std::uint32_t index)
    : pass(of_pass),
      spec(of_pass.spec.recurrence),
      weights(of_pass.weights.layers[index].recurrent),
      norm(of_pass.weights.layers[index].attention_norm),
      post_norm(of_pass.weights.layers[index].attention_post_norm),
      state(of_pass.states.layer(index)),
      sizes(mixer_sizes(of_pass.spec, of_pass.spec.layers[index])) {}

void project(const RecurrentLayer& layer, std::initializer_list<Projection> projections) {
  const Pass& pass = layer.pass;
  const RecurrentWeights& weights = layer.weights;
  const Activations x = normalise(pass, pass.buffers.residual, pass.tokens, layer.norm,
                                  {&weights.in, &weights.gate, &weights.write, &weights.step});
  std::vector<Product> products;
  for (const Projection& one : projections) {
    products.push_back(
        {one.matrix, 0, x, pass.tokens, pass.buffers.projected + one.first, layer.sizes.projected});
  }
  multiply(pass.pool, products);
}

void convolve_projected(const RecurrentLayer& layer, std::size_t first, bool silu) {
  const Pass& pass = layer.pass;
  const RecurrentWeights& weights = layer.weights;
  const float* bias = weights.convolution_bias.empty() ? nullptr : weights.convolution_bias.data();
  const CausalConvolution convolution{weights.convolution.data(), bias, layer.spec.taps, silu};
  // A few pieces a thread, each of whole blocks of channels.
  constexpr std::size_t k_grain = 256;
  for_pieces(pass, layer.sizes.channels, k_grain, [&](std::size_t begin, std::size_t end) {
    convolve(
        pass.kernels, convolution,
        {pass.buffers.projected + first, layer.sizes.projected, pass.tokens, begin, end - begin},
        layer.state.history, layer.sizes.channels);
  });
}

void add_mixed(const RecurrentLayer& layer) {
  const Pass& pass = layer.pass;
  const std::size_t width = layer.sizes.inner;
  if (any_takes_q8({&layer.weights.out})) {
    for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t t = begin; t < end; ++t) {
                   pass.buffers.codes.quantise(pass.kernels, layer.mixed(t), width, t);
                 }
               });
  }
  const Activations x = pass.buffers.codes.with(pass.buffers.mixed, width);
  const std::array products{
      Product{&layer.weights.out, 0, x, pass.tokens, pass.buffers.normalised, pass.spec.d_model}};
  multiply(pass.pool, products);
  add_to_residual(pass, pass.buffers.normalised, {}, layer.post_norm);
}

}  // namespace assay
