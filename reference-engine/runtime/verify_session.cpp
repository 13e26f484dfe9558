#include <algorithm>
#include <array>
#include <set>

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
