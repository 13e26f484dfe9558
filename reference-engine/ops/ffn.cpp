#include "reference-engine/ops/ffn.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "reference-engine/ops/moe_router.hpp"
#include "reference-engine/ops/norm.hpp"

namespace assay {
namespace {

/// Changes gate and up so that silu(gate) * up is the activation: each is of the form
/// x sigmoid(a) b. gelu's tanh form is x sigmoid(2 z) with z = sqrt(2 / pi) (x + 0.044715 x^3),
/// which is silu(2 z) / (2 z / x). Source: Hendrycks and Gimpel 2016; gpt-oss's model.py.
void prepare_gate(Activation activation, float* gate, float* up, std::size_t count) {
  switch (activation) {
    case Activation::silu:
      return;
    case Activation::gelu_tanh: {
      constexpr float k_slope = 2.0F * 0.7978845608028654F;  // 2 sqrt(2 / pi)
      for (std::size_t i = 0; i < count; ++i) {
        const float ratio = k_slope * (1.0F + 0.044715F * gate[i] * gate[i]);
        gate[i] *= ratio;
        up[i] /= ratio;
      }
      return;
    }
    case Activation::clamped_swiglu: {
      constexpr float k_limit = 7.0F;
      constexpr float k_slope = 1.702F;
      for (std::size_t i = 0; i < count; ++i) {
        gate[i] = k_slope * std::min(gate[i], k_limit);
        up[i] = (std::clamp(up[i], -k_limit, k_limit) + 1.0F) / k_slope;
      }
      return;
    }
  }
}

/// gate = activation(gate) * up over `rows` rows, with codes where down takes them.
Activations activate(const Pass& pass, const PackedMatrix& down, const CodeBuffer& codes,
                     std::size_t rows) {
  const std::size_t width = down.columns;
  const bool with_codes = down.kernels->takes_q8;
  // Pieces of a row, so that all threads share the one wide row of a decode step.
  constexpr std::size_t k_piece = 1024;
  const std::size_t pieces = (width + k_piece - 1) / k_piece;
  const std::size_t grain = std::max<std::size_t>(2, rows * pieces / (pass.pool.size() * 8UL));
  for_pieces(pass, rows * pieces, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t row = i / pieces;
      const std::size_t first = i % pieces * k_piece;
      const std::size_t count = std::min(k_piece, width - first);
      float* gate = pass.buffers.gate + row * width;
      float* up = pass.buffers.up + row * width + first;
      gated_activation(pass, gate + first, up, count);
      if (with_codes) codes.quantise_part(pass.kernels, gate, width, row, first, count);
    }
  });
  return codes.with(pass.buffers.gate, width);
}

/// The gated hidden layer that sees all tokens: buffers.normalised = down(activation(gate x) up x).
void hidden_layer(const Pass& pass, const Activations& x, const PackedMatrix& gate,
                  const PackedMatrix& up, const PackedMatrix& down) {
  const PassBuffers& buffers = pass.buffers;
  const std::array products{
      Product{&gate, 0, x, pass.tokens, buffers.gate, gate.rows},
      Product{&up, 0, x, pass.tokens, buffers.up, up.rows},
  };
  multiply(pass.pool, products);
  const Activations activated = activate(pass, down, buffers.codes, pass.tokens);
  const std::array output{
      Product{&down, 0, activated, pass.tokens, buffers.normalised, pass.spec.d_model}};
  multiply(pass.pool, output);
}

/// Where a mixture adds up, and by what it multiplies what it adds there.
struct MixtureSum {
  float* rows;  // [tokens, d_model]
  float scale;
};

/// Rows of one expert among the pairs that are sorted by expert.
struct ExpertRows {
  std::uint32_t expert;
  std::size_t first;
  std::size_t count;
};

/// Chooses experts for every token, sorts the pairs, and returns the experts that have any.
std::vector<ExpertRows> route(const Pass& pass, const LayerWeights& weights, const Activations& x) {
  const MoeSpec& moe = pass.spec.moe;
  const float scale = moe.apart ? 1.0F / std::sqrt(static_cast<float>(pass.spec.d_model)) : 1.0F;
  const PassBuffers& buffers = pass.buffers;
  const std::array router{
      Product{&weights.router, 0, x, pass.tokens, buffers.router_logits, moe.experts}};
  multiply(pass.pool, router);
  for_pieces(pass, pass.tokens, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      float* logits = buffers.router_logits + t * moe.experts;
      for (std::size_t e = 0; moe.apart && e < moe.experts; ++e) logits[e] *= scale;
      add_bias(pass, weights.router_bias, logits);
      const std::span chosen(buffers.expert_choices + t * moe.used, moe.used);
      const std::span chosen_weights(buffers.expert_weights + t * moe.used, moe.used);
      choose_experts(moe, weights.selection_bias, {logits, moe.experts}, chosen, chosen_weights);
      for (std::size_t i = 0; moe.expert_scale && i < moe.used; ++i) {
        chosen_weights[i] *= weights.expert_scale[chosen[i]];
      }
    }
  });
  const std::size_t pairs = pass.tokens * moe.used;
  if (pass.routing != nullptr) {
    pass.routing->insert(pass.routing->end(), buffers.expert_choices,
                         buffers.expert_choices + pairs);
  }
  std::vector<std::size_t> next(moe.experts + 1, 0);
  for (std::size_t i = 0; i < pairs; ++i) ++next[buffers.expert_choices[i] + 1];
  for (std::size_t e = 0; e < moe.experts; ++e) next[e + 1] += next[e];
  std::vector<ExpertRows> experts;
  for (std::uint32_t e = 0; e < moe.experts; ++e) {
    if (next[e + 1] > next[e]) experts.push_back({e, next[e], next[e + 1] - next[e]});
  }
  for (std::size_t i = 0; i < pairs; ++i) {
    buffers.expert_order[next[buffers.expert_choices[i]]++] = static_cast<std::uint32_t>(i);
  }
  return experts;
}

/// Copies the inputs of pairs `first` to `first + count` next to each other.
Activations gather(const Pass& pass, const LayerWeights& weights, const Activations& x,
                   std::size_t first, std::size_t count) {
  const PassBuffers& buffers = pass.buffers;
  const std::size_t width = pass.spec.d_model;
  const bool codes = any_takes_q8({&weights.gate, &weights.up});
  const bool values = !weights.gate.kernels->takes_q8 || !weights.up.kernels->takes_q8;
  for_pieces(pass, count, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Activations from = x.from(buffers.expert_order[first + row] / pass.spec.moe.used);
      if (codes) {
        std::memcpy(buffers.expert_codes.codes + row * width, from.q8.codes, width);
        std::copy_n(from.q8.scales, width / 32, buffers.expert_codes.scales + row * (width / 32));
        std::copy_n(from.q8.sums, width / 16, buffers.expert_codes.sums + row * (width / 16));
      }
      if (values) std::copy_n(from.f32.values, width, buffers.expert_rows + row * width);
    }
  });
  return buffers.expert_codes.with(buffers.expert_rows, width);
}

/// sum[token] += weight * row, for the pairs of a wave. Threads take columns: two experts of one
/// token may be in the same wave.
void scatter(const Pass& pass, const MixtureSum& sum, std::size_t first, std::size_t count) {
  const PassBuffers& buffers = pass.buffers;
  const std::size_t width = pass.spec.d_model;
  const std::size_t grain =
      count == 1 || pass.tokens == 1
          ? width
          : std::max<std::size_t>(64, width / (pass.pool.size() * std::size_t{2}) / 16 * 16);
  for_pieces(pass, width, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = 0; row < count; ++row) {
      const std::uint32_t pair = buffers.expert_order[first + row];
      const std::size_t token = pair / pass.spec.moe.used;
      pass.kernels.add_scaled(sum.rows + token * width + begin,
                              buffers.expert_rows + row * width + begin,
                              sum.scale * buffers.expert_weights[pair], end - begin);
    }
  });
}

/// Adds each expert's own bias to its rows of a wave. Shapes: bias empty or [experts, width];
/// values [rows of the wave, width].
void add_expert_bias(const Pass& pass, std::span<const ExpertRows> experts,
                     std::span<const float> bias, float* values, std::size_t width) {
  if (bias.empty()) return;
  for (const ExpertRows& rows : experts) {
    float* first = values + (rows.first - experts.front().first) * width;
    for_pieces(pass, rows.count, 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        add_bias(pass, bias.subspan(rows.expert * width, width), first + row * width);
      }
    });
  }
}

/// Gate and up, the activation, and down of the experts of one wave.
void run_wave(const Pass& pass, const LayerWeights& weights, const Activations& x,
              std::span<const ExpertRows> experts, const MixtureSum& sum) {
  const PassBuffers& buffers = pass.buffers;
  const std::size_t hidden = weights.down.columns;
  const std::size_t first = experts.front().first;
  const std::size_t count = experts.back().first + experts.back().count - first;
  const bool shared = pass.tokens == 1;  // all experts see the same input: nothing to gather
  const Activations inputs = shared ? x : gather(pass, weights, x, first, count);
  std::vector<Product> products;
  products.reserve(2 * experts.size());
  for (const ExpertRows& rows : experts) {
    const std::size_t row = rows.first - first;
    const Activations input = shared ? inputs : inputs.from(row);
    products.push_back(
        {&weights.gate, rows.expert, input, rows.count, buffers.gate + row * hidden, hidden});
    products.push_back(
        {&weights.up, rows.expert, input, rows.count, buffers.up + row * hidden, hidden});
  }
  multiply(pass.pool, products);
  add_expert_bias(pass, experts, weights.gate_bias, buffers.gate, hidden);
  add_expert_bias(pass, experts, weights.up_bias, buffers.up, hidden);
  const Activations activated = activate(pass, weights.down, buffers.expert_codes, count);
  products.clear();
  for (const ExpertRows& rows : experts) {
    const std::size_t row = rows.first - first;
    products.push_back({&weights.down, rows.expert, activated.from(row), rows.count,
                        buffers.expert_rows + row * pass.spec.d_model, pass.spec.d_model});
  }
  multiply(pass.pool, products);
  add_expert_bias(pass, experts, weights.down_bias, buffers.expert_rows, pass.spec.d_model);
  scatter(pass, sum, first, count);
}

/// What all tokens use besides their experts, of the same normalised residual.
void add_shared(const Pass& pass, const LayerWeights& weights, const Activations& x,
                const MixtureSum& sum) {
  const PassBuffers& buffers = pass.buffers;
  const std::size_t width = pass.spec.d_model;
  float* gates = buffers.router_logits;  // the router is done with them
  for (std::size_t t = 0; t < pass.tokens; ++t) {
    gates[t] = 1.0F;
    if (weights.shared_router.empty()) continue;
    const float logit =
        pass.kernels.dot_f32(x.f32.values + t * width, weights.shared_router.data(), width);
    gates[t] = 1.0F / (1.0F + std::exp(-logit));
  }
  hidden_layer(pass, x, weights.shared_gate, weights.shared_up, weights.shared_down);
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) {
                 pass.kernels.add_scaled(sum.rows + t * width, buffers.normalised + t * width,
                                         sum.scale * gates[t], width);
               }
             });
}

void add_experts(const Pass& pass, const LayerWeights& weights, const Activations& x,
                 std::span<const ExpertRows> experts, const MixtureSum& sum) {
  // An expert has at most one row a token, so that each fits a wave.
  const std::size_t most = std::max<std::size_t>(pass.tokens, pass.spec.moe.used);
  for (std::size_t begin = 0; begin < experts.size();) {
    std::size_t end = begin + 1;
    std::size_t rows = experts[begin].count;
    while (end < experts.size() && rows + experts[end].count <= most) rows += experts[end++].count;
    run_wave(pass, weights, x, experts.subspan(begin, end - begin), sum);
    begin = end;
  }
}

/// to = norm(to) + norm(rows) of all tokens; `rows` is used up. Shapes: [tokens, d_model].
void add_normalised(const Pass& pass, float* to, const NormWeights& to_norm, float* rows,
                    const NormWeights& rows_norm) {
  const std::size_t width = pass.spec.d_model;
  for_pieces(pass, pass.tokens, row_grain(pass, pass.tokens),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t t = begin; t < end; ++t) {
                 const std::span<float> sum(to + t * width, width);
                 const std::span<float> row(rows + t * width, width);
                 norm(pass.kernels, pass.spec.norm, sum, to_norm, sum);
                 norm(pass.kernels, pass.spec.norm, row, rows_norm, row);
                 pass.kernels.add_scaled(sum.data(), row.data(), 1.0F, width);
               }
             });
}

/// A mixture beside a dense hidden layer: residual += norm(norm(dense) + norm(experts)).
void apart_ffn(const Pass& pass, const LayerWeights& weights) {
  const PassBuffers& buffers = pass.buffers;
  const auto input = [&](const NormWeights& norm, std::initializer_list<const PackedMatrix*> of) {
    return normalise(pass, buffers.residual, pass.tokens, norm, of);
  };
  std::fill_n(buffers.mixture, pass.tokens * pass.spec.d_model, 0.0F);
  const std::vector<ExpertRows> experts =
      route(pass, weights, input(weights.router_norm, {&weights.router}));
  add_experts(pass, weights, input(weights.moe_norm, {&weights.gate, &weights.up}), experts,
              {buffers.mixture, 1.0F});
  hidden_layer(pass, input(weights.ffn_norm, {&weights.shared_gate, &weights.shared_up}),
               weights.shared_gate, weights.shared_up, weights.shared_down);
  add_normalised(pass, buffers.mixture, weights.moe_post_norm, buffers.normalised,
                 weights.shared_post_norm);
  add_to_residual(pass, buffers.mixture, {}, weights.ffn_post_norm);
}

}  // namespace

void gated_activation(const Pass& pass, float* gate, float* up, std::size_t count) {
  prepare_gate(pass.spec.activation, gate, up, count);
  pass.kernels.silu_multiply(gate, up, count);
}

void dense_ffn(const Pass& pass, const LayerWeights& weights) {
  const Activations x = normalise(pass, pass.buffers.residual, pass.tokens, weights.ffn_norm,
                                  {&weights.gate, &weights.up});
  hidden_layer(pass, x, weights.gate, weights.up, weights.down);
  add_to_residual(pass, pass.buffers.normalised, {}, weights.ffn_post_norm);
}

void mixture_ffn(const Pass& pass, const LayerWeights& weights) {
  if (pass.spec.moe.apart) return apart_ffn(pass, weights);
  const PassBuffers& buffers = pass.buffers;
  const bool apart = pass.spec.norm.after;
  const MixtureSum sum = apart ? MixtureSum{buffers.mixture, 1.0F}
                               : MixtureSum{buffers.residual, pass.spec.scale.residual};
  const Activations x = normalise(
      pass, buffers.residual, pass.tokens, weights.ffn_norm,
      {&weights.gate, &weights.up, &weights.router, &weights.shared_gate, &weights.shared_up});
  if (apart) std::fill_n(buffers.mixture, pass.tokens * pass.spec.d_model, 0.0F);
  add_experts(pass, weights, x, route(pass, weights, x), sum);
  if (pass.spec.moe.d_shared > 0) add_shared(pass, weights, x, sum);
  if (apart) add_to_residual(pass, buffers.mixture, {}, weights.ffn_post_norm);
}

}  // namespace assay
