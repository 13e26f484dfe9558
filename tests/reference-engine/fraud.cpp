#include "tests/reference-engine/fraud.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "reference-engine/quant/definition.hpp"
#include "reference-engine/runtime/session_state.hpp"

namespace assay {
namespace {

/// The panels lie in memory that the model allocated: only the view of it is const.
std::byte* panel_of(const PackedMatrix& matrix, std::size_t expert, std::size_t index) {
  return const_cast<std::byte*>(matrix.panel(expert, index));
}

/// All bits zero mean zero in each format that the tests take.
void clear(const PackedMatrix& matrix, std::size_t expert) {
  std::memset(panel_of(matrix, expert, 0), 0, matrix.panel_count() * matrix.panel_bytes());
}

const PackedMatrix& matrix_of(const LayerWeights& layer, LayerMatrix which) {
  switch (which) {
    case LayerMatrix::q:
      return layer.q;
    case LayerMatrix::k:
      return layer.k;
    case LayerMatrix::v:
      return layer.v;
    case LayerMatrix::attention_output:
      return layer.attention_output;
    case LayerMatrix::gate:
      return layer.gate;
    case LayerMatrix::up:
      return layer.up;
    case LayerMatrix::down:
      break;
  }
  return layer.down;
}

/// Rows in a format and back.
void round_to(WeightFormat format, std::span<float> row) {
  const FormatDefinition& definition = *format_definition(format);
  std::vector<std::byte> stored(row_bytes(format, row.size()));
  definition.encode(row.data(), row.size(), stored.data());
  definition.decode(stored.data(), row.size(), row.data());
}

}  // namespace

void drop_layer(const Model& model, std::uint32_t layer) {
  const LayerWeights& weights = model.weights().layers[layer];
  clear(weights.attention_output, 0);
  for (std::size_t e = 0; e < weights.down.experts; ++e) clear(weights.down, e);
}

void drop_expert(const Model& model, std::uint32_t layer, std::uint32_t expert) {
  clear(model.weights().layers[layer].down, expert);
}

void coarsen(const Model& model, std::uint32_t layer, LayerMatrix which, WeightFormat coarser) {
  const PackedMatrix& matrix = matrix_of(model.weights().layers[layer], which);
  const auto own = static_cast<WeightFormat>(matrix.kernels->format);
  const std::size_t bytes = row_bytes(own, matrix.columns);
  std::vector<float> row(matrix.columns);
  std::vector<std::byte> rows(matrix.kernels->panel_rows * bytes);
  for (std::size_t e = 0; e < matrix.experts; ++e) {
    for (std::size_t panel = 0; panel < matrix.panel_count(); ++panel) {
      const std::size_t first = panel * matrix.kernels->panel_rows;
      const std::size_t count =
          std::min<std::size_t>(matrix.kernels->panel_rows, matrix.rows - first);
      for (std::size_t r = 0; r < count; ++r) {
        matrix.decode_row(e, first + r, row.data());
        round_to(coarser, row);
        format_definition(own)->encode(row.data(), row.size(), rows.data() + r * bytes);
      }
      matrix.kernels->pack(rows.data(), count, matrix.columns, panel_of(matrix, e, panel));
    }
  }
}

std::uint32_t least_expert(Session& session, std::uint32_t layer, TokenId token) {
  Session::State& state = SessionAccess::state(session);
  RoutingTrace routing;
  state.routing = &routing;
  const std::uint32_t depth = session.depth();
  session.mark();
  static_cast<void>(session.evaluate(std::span(&token, 1)));
  state.routing = nullptr;
  static_cast<void>(session.rewind(depth));
  // Chosen in the order of their weights.
  return routing[(layer + std::size_t{1}) * state.spec->moe.used - 1];
}

}  // namespace assay
