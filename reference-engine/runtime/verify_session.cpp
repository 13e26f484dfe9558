#include <algorithm>
#include <array>
#include <set>

#include "reference-engine/kernel_selection.hpp"
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
    for (const PackedMatrix* matrix : {&layer.q, &layer.k, &layer.v, &layer.attention_output,
                                       &layer.router, &layer.gate, &layer.up, &layer.down}) {
      insert(*matrix, columns);
    }
  }
  insert(model.weights().head, 1);  // of the last token only
  return {shapes.begin(), shapes.end()};
}

double reference_bound(const Model& model, CacheFormat cache) {
  // Int8 activations: the step is max / 127 over 32 values, its error uniform, step^2 / 12. For 32
  // normal values the mean squared maximum is 4.6 of their mean square: 4.6 / (12 * 127^2) of a
  // product's energy. A token passes four quantised products a layer (q k v; output; gate and up;
  // down) and the head; residual connections dilute earlier errors, so that their sum is an upper
  // estimate of the mean (the small models measure 1.0 to 1.4 times it).
  constexpr double k_int8_product = 4.6 / (12.0 * 127.0 * 127.0);
  // A float16 key or value is off by up to 2^-12 of itself, uniformly: 2^-24 / 3 of its energy.
  constexpr double k_f16_value = 0x1p-24 / 3.0;
  // One token is a sample of the mean: its activations can be peaked, its logits small.
  constexpr double k_sample = 3.0;
  // Float32 sums of some thousand terms are off by 1e-13 of their energy; four orders of room.
  constexpr double k_float32 = 1e-9;

  const double layers = model.spec().layers;
  double bound = k_float32;
  const std::vector<MatmulShape> shapes = matmul_shapes(model, 1);
  if (std::any_of(shapes.begin(), shapes.end(), [&](const MatmulShape& shape) {
        return format_kernels(model.kernels(), shape.format)->takes_q8;
      })) {
    bound += k_sample * k_int8_product * (4.0 * layers + 1.0);
  }
  if (cache == CacheFormat::f16) bound += k_sample * k_f16_value * 2.0 * layers;
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
  const auto logits = session.evaluate(tokens);
  state.routing = nullptr;
  if (!logits) return pass_on(logits);
  session.rewind(depth);
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
