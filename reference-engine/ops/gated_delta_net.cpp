#include "reference-engine/ops/gated_delta_net.hpp"

#include <algorithm>

#include "reference-engine/ops/norm.hpp"
#include "reference-engine/ops/recurrence.hpp"
#include "reference-engine/ops/recurrent_layer.hpp"

namespace assay {
namespace {

/// Where the parts of a projected row begin; q, the first, is followed by k.
struct Row {
  explicit Row(const RecurrenceSpec& spec)
      : keys(std::size_t{spec.groups} * spec.state),
        gate(spec.d_mixed()),
        write(gate + spec.d_inner()),
        step(write + spec.heads) {}
  std::size_t keys;
  std::size_t gate;
  std::size_t write;
  std::size_t step;
};

void make_unit_keys(const RecurrentLayer& layer, std::size_t token) {
  const std::size_t size = layer.spec.state;
  float* row = layer.projected(token);
  for (std::size_t i = 0; i < 2 * std::size_t{layer.spec.groups}; ++i) {
    make_unit(layer.pass.kernels, row + i * size, size, layer.pass.spec.norm.epsilon);
  }
}

/// All tokens of one head after the other: the only order that there is.
void run_head(const RecurrentLayer& layer, const Row& place, std::size_t h) {
  const RecurrenceSpec& spec = layer.spec;
  const float* row = layer.projected(0);
  const float* query = row + h % spec.groups * spec.state;
  const DeltaHead head{.state = layer.state.state + h * spec.head_dim * spec.state,
                       .width = spec.head_dim,
                       .size = spec.state,
                       .rate = layer.weights.rate[h],
                       .step_bias = layer.weights.step_bias[h]};
  const DeltaInput input{.query = query,
                         .key = query + place.keys,
                         .value = row + 2 * place.keys + h * spec.head_dim,
                         .step = row + place.step + h,
                         .write = row + place.write + h,
                         .stride = layer.sizes.projected};
  run_delta_net(layer.pass.kernels, head, input, layer.pass.tokens,
                layer.mixed(0) + h * spec.head_dim, spec.d_inner());
}

/// What the heads of one token gave, normalised, times silu(z).
void finish_token(const RecurrentLayer& layer, const Row& place, std::size_t token) {
  const std::size_t dim = layer.spec.head_dim;
  const std::size_t inner = layer.spec.d_inner();
  float* gate = layer.projected(token) + place.gate;
  float* out = layer.mixed(token);
  for (std::size_t first = 0; first < inner; first += dim) {
    rms_norm(layer.pass.kernels, {out + first, dim}, layer.weights.norm,
             layer.pass.spec.norm.epsilon, {out + first, dim});
  }
  layer.pass.kernels.silu_multiply(gate, out, inner);
  std::copy_n(gate, inner, out);
}

}  // namespace

void gated_delta_net_block(const Pass& pass, std::uint32_t index) {
  const RecurrentLayer layer(pass, index);
  const Row place(layer.spec);
  const auto for_tokens = [&](const auto& job) {
    for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t t = begin; t < end; ++t) job(t);
               });
  };
  project(layer, {{&layer.weights.in, 0},
                  {&layer.weights.gate, place.gate},
                  {&layer.weights.write, place.write},
                  {&layer.weights.step, place.step}});
  convolve_projected(layer, 0, true);
  for_tokens([&](std::size_t t) { make_unit_keys(layer, t); });
  for_pieces(pass, layer.spec.heads, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = begin; h < end; ++h) run_head(layer, place, h);
  });
  for_tokens([&](std::size_t t) { finish_token(layer, place, t); });
  add_mixed(layer);
}

}  // namespace assay
