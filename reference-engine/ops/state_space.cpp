#include "reference-engine/ops/state_space.hpp"

#include "reference-engine/ops/norm.hpp"
#include "reference-engine/ops/recurrence.hpp"
#include "reference-engine/ops/recurrent_layer.hpp"

namespace assay {
namespace {

/// All tokens of one head after the other: the only order that there is.
void run_head(const RecurrentLayer& layer, std::size_t h) {
  const RecurrenceSpec& spec = layer.spec;
  const std::size_t inner = spec.d_inner();
  const std::size_t group = h / (spec.heads / spec.groups);
  const float* row = layer.projected(0);
  const float* add = row + 2 * inner + group * spec.state;
  const StateSpaceHead head{.state = layer.state.state + h * spec.head_dim * spec.state,
                            .width = spec.head_dim,
                            .size = spec.state,
                            .rate = layer.weights.rate[h],
                            .step_bias = layer.weights.step_bias[h],
                            .skip = layer.weights.skip[h]};
  const StateSpaceInput input{.x = row + inner + h * spec.head_dim,
                              .add = add,
                              .read = add + std::size_t{spec.groups} * spec.state,
                              .step = row + inner + layer.sizes.channels + h,
                              .stride = layer.sizes.projected};
  run_state_space(layer.pass.kernels, head, input, layer.pass.tokens,
                  layer.mixed(0) + h * spec.head_dim, inner);
}

/// What the heads of one token gave, times silu(z), normalised group by group.
void finish_token(const RecurrentLayer& layer, std::size_t token) {
  const std::size_t width = layer.spec.d_inner() / layer.spec.groups;
  float* gate = layer.projected(token);
  float* out = layer.mixed(token);
  layer.pass.kernels.silu_multiply(gate, out, layer.spec.d_inner());
  for (std::size_t first = 0; first < layer.spec.d_inner(); first += width) {
    rms_norm(layer.pass.kernels, {gate + first, width}, layer.weights.norm.subspan(first, width),
             layer.pass.spec.norm.epsilon, {out + first, width});
  }
}

}  // namespace

void state_space_block(const Pass& pass, std::uint32_t index) {
  const RecurrentLayer layer(pass, index);
  project(layer, {{&layer.weights.in, 0}});
  convolve_projected(layer, layer.spec.d_inner(), true);
  for_pieces(pass, layer.spec.heads, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = begin; h < end; ++h) run_head(layer, h);
  });
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) finish_token(layer, t);
             });
  add_mixed(layer);
}

}  // namespace assay
