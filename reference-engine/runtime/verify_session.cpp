#include <algorithm>
#include <array>
#include <set>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/quant/activation_rounding.hpp"
#include "reference-engine/runtime/reference_pass.hpp"
#include "reference-engine/verification.hpp"

namespace assay {

std::vector<MatmulShape> matmul_shapes(const Model& model, std::uint64_t columns) {
  std::set<MatmulShape> shapes;
  const auto insert = [&](const PackedMatrix& matrix, std::uint64_t count) {
    if (matrix.kernels == nullptr) return;
    shapes.insert(
        {static_cast<WeightFormat>(matrix.kernels->format), matrix.rows, matrix.columns, count});
  };
  for (const LayerWeights& layer : model.weights().layers) {
    for (const PackedMatrix* matrix :
         {&layer.q, &layer.k, &layer.v, &layer.attention_output, &layer.router, &layer.gate,
          &layer.up, &layer.down, &layer.shared_gate, &layer.shared_up, &layer.shared_down,
          &layer.recurrent.in, &layer.recurrent.gate, &layer.recurrent.write, &layer.recurrent.step,
          &layer.recurrent.out, &layer.input_gate, &layer.input_out}) {
      insert(*matrix, columns);
    }
    insert(layer.latent.query_down, columns);
    insert(layer.latent.down, columns);
    for (const auto* heads : {&layer.latent.keys, &layer.latent.values}) {
      if (!heads->empty()) insert(heads->front(), columns);
    }
  }
  insert(model.weights().layer_input_projection, columns);
  insert(model.weights().head, 1);  // of the last token only
  return {shapes.begin(), shapes.end()};
}

double cache_error(CacheFormat format) {
  switch (format) {
    case CacheFormat::f32:
      return 0.0;
    case CacheFormat::f16:
      return 0x1p-24 / 3.0;
    case CacheFormat::bf16:
      return 0x1p-18 / 3.0;
    case CacheFormat::q8_0:
      break;
  }
  return 4.6 / (12.0 * 127.0 * 127.0);
}

double worst_cache_error(CacheFormat format) {
  switch (format) {
    case CacheFormat::f32:
      return 0.0;
    case CacheFormat::f16:
      return 0x1p-22;
    case CacheFormat::bf16:
      return 0x1p-16;
    case CacheFormat::q8_0:
      break;
  }
  return 32.0 / (4.0 * 127.0 * 127.0);
}

double reference_bound(const Model& model, CacheFormat cache) {
  // Int8 activations: the step is max / 127 over 32 values, its error uniform, step^2 / 12. For 32
  // normal values the mean squared maximum is 4.6 of their mean square: a product is off by
  // e = 4.6 / (12 * 127^2) of its energy. In a layer q, k and v see e, the output e, gate and up e
  // each, and down 3 e (its input, a product of two normal values, has peaks three times as high):
  // 7 e. What comes in is passed on twice where gate and up are multiplied and once elsewhere; with
  // a residual that grows by one part a layer, E(n + 1) = ((n + 2) E(n) + 7 e) / (n + 1), whose
  // solution is 7 e n. The head adds e.
  constexpr double k_int8_product = 4.6 / (12.0 * 127.0 * 127.0);
  // Rounding to 16 bits, where products do that, costs rounding_error in the same places.
  constexpr double k_products_per_layer = 7.0;
  // A layer that carries a state multiplies up to three factors of its input (e each) where
  // attention has 1 e, and quantises their product, whose peaks are three times as high (3 e, not
  // 1 e): 4 e more.
  constexpr double k_more_with_state = 4.0;
  // Latent attention quantises three more inputs on the way: of the second query matrix, and of the
  // heads' key and value matrices.
  constexpr double k_more_with_latent = 3.0;
  // What a layer is given of the token is gated (e) and multiplied with a matrix (3 e, as the
  // product that enters down): 4 e more. A dense layer beside experts adds nothing: the sum of two
  // parts has the mean of their shares.
  constexpr double k_more_with_input = 4.0;
  // One token is a sample of that mean: over 1,400 random models (dense and MoE, 3 to 24 layers)
  // and tokens the ratio to it was 1.0 in the mean, below 5 for 9 of 10, and 9 at most.
  constexpr double k_sample = 12.0;
  // Float32 sums of some thousand terms are off by 1e-13 of their energy; four orders of room.
  constexpr double k_float32 = 1e-9;

  const auto layers = static_cast<double>(model.spec().layers.size());
  const auto with_state = static_cast<double>(
      std::count_if(model.spec().layers.begin(), model.spec().layers.end(),
                    [](const LayerSpec& layer) { return layer.mixer != Mixer::attention; }));
  const auto with_latent = static_cast<double>(
      std::count_if(model.spec().layers.begin(), model.spec().layers.end(),
                    [](const LayerSpec& layer) { return layer.attention.is_latent(); }));
  double bound = k_float32;
  const std::vector<MatmulShape> shapes = matmul_shapes(model, 1);
  double codes = 0.0;
  double rounded = 0.0;
  for (const MatmulShape& shape : shapes) {
    const FormatKernels& kernels = *format_kernels(model.kernels(), shape.format);
    if (kernels.takes_q8) codes = k_int8_product;
    rounded = std::max(rounded, rounding_error(kernels.rounding));
  }
  const double product = codes + rounded;
  if (product > 0.0) {
    bound += k_sample * product *
             (k_products_per_layer * layers + k_more_with_state * with_state +
              k_more_with_latent * with_latent +
              (model.spec().d_layer_input > 0 ? k_more_with_input * layers : 0.0) + 1.0);
  }
  bound += k_sample * cache_error(cache) * 2.0 * layers;
  return bound;
}

Result<double> reference_nmse(const Model& model, Session& session, TokenId token) {
  Session::State& state = SessionAccess::state(session);
  if (state.weights != &model.weights()) {
    return fail(ErrorCode::internal, "the session runs another model");
  }
  const std::uint32_t depth = session.depth();
  RoutingTrace routing;
  state.routing = &routing;
  const std::array tokens{token};
  session.mark();  // the float64 pass starts from there too
  const auto logits = session.evaluate(tokens);
  state.routing = nullptr;
  if (!logits) return pass_on(logits);
  if (auto back = session.rewind(depth); !back) return pass_on(back);
  const std::vector<double> reference = reference_logits(state, token, routing);
  double error = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double difference = static_cast<double>((*logits)[i]) - reference[i];
    error += difference * difference;
    size += reference[i] * reference[i];
  }
  return error / size;
}

}  // namespace assay
