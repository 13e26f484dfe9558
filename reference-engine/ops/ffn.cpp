#include "reference-engine/ops/ffn.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "reference-engine/ops/moe_router.hpp"

namespace assay {
namespace {

/// gate = silu(gate) * up over `rows` rows, with codes where down takes them.
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
      pass.kernels.silu_multiply(gate + first, pass.buffers.up + row * width + first, count);
      if (with_codes) codes.quantise_part(pass.kernels, gate, width, row, first, count);
    }
  });
  return codes.with(pass.buffers.gate, width);
}

/// Rows of one expert among the pairs that are sorted by expert.
struct ExpertRows {
  std::uint32_t expert;
  std::size_t first;
  std::size_t count;
};

/// Chooses experts for every token, sorts the pairs, and returns the experts that have any.
std::vector<ExpertRows> route(const Pass& pass, const LayerWeights& weights, const Activations& x) {
  const MoeSpec& moe = pass.spec.moe;
  const PassBuffers& buffers = pass.buffers;
  const std::array router{
      Product{&weights.router, 0, x, pass.tokens, buffers.router_logits, moe.experts}};
  multiply(pass.pool, router);
  for_pieces(pass, pass.tokens, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      choose_experts(moe, {buffers.router_logits + t * moe.experts, moe.experts},
                     {buffers.expert_choices + t * moe.used, moe.used},
                     {buffers.expert_weights + t * moe.used, moe.used});
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

/// residual[token] += weight * row, for the pairs of a wave. Threads take columns: two experts of
/// one token may be in the same wave.
void scatter(const Pass& pass, std::size_t first, std::size_t count) {
  const PassBuffers& buffers = pass.buffers;
  const std::size_t width = pass.spec.d_model;
  const std::size_t grain =
      count == 1 || pass.tokens == 1
          ? width
          : std::max<std::size_t>(64, width / (pass.pool.size() * std::size_t{2}));
  for_pieces(pass, width, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = 0; row < count; ++row) {
      const std::uint32_t pair = buffers.expert_order[first + row];
      const std::size_t token = pair / pass.spec.moe.used;
      pass.kernels.add_scaled(buffers.residual + token * width + begin,
                              buffers.expert_rows + row * width + begin,
                              buffers.expert_weights[pair], end - begin);
    }
  });
}

/// Gate and up, the activation, and down of the experts of one wave.
void run_wave(const Pass& pass, const LayerWeights& weights, const Activations& x,
              std::span<const ExpertRows> experts) {
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
  const Activations activated = activate(pass, weights.down, buffers.expert_codes, count);
  products.clear();
  for (const ExpertRows& rows : experts) {
    const std::size_t row = rows.first - first;
    products.push_back({&weights.down, rows.expert, activated.from(row), rows.count,
                        buffers.expert_rows + row * pass.spec.d_model, pass.spec.d_model});
  }
  multiply(pass.pool, products);
  scatter(pass, first, count);
}

}  // namespace

void dense_ffn(const Pass& pass, const LayerWeights& weights) {
  const PassBuffers& buffers = pass.buffers;
  const std::size_t hidden = weights.down.columns;
  const Activations x = normalise(pass, buffers.residual, pass.tokens, weights.ffn_norm,
                                  {&weights.gate, &weights.up});
  const std::array products{
      Product{&weights.gate, 0, x, pass.tokens, buffers.gate, hidden},
      Product{&weights.up, 0, x, pass.tokens, buffers.up, hidden},
  };
  multiply(pass.pool, products);
  const Activations activated = activate(pass, weights.down, buffers.codes, pass.tokens);
  const std::array down{
      Product{&weights.down, 0, activated, pass.tokens, buffers.normalised, pass.spec.d_model}};
  multiply(pass.pool, down);
}

void add_experts(const Pass& pass, const LayerWeights& weights) {
  const Activations x = normalise(pass, pass.buffers.residual, pass.tokens, weights.ffn_norm,
                                  {&weights.gate, &weights.up, &weights.router});
  const std::vector<ExpertRows> experts = route(pass, weights, x);
  // An expert has at most one row a token, so that each fits a wave.
  const std::size_t most = std::max<std::size_t>(pass.tokens, pass.spec.moe.used);
  for (std::size_t begin = 0; begin < experts.size();) {
    std::size_t end = begin + 1;
    std::size_t rows = experts[begin].count;
    while (end < experts.size() && rows + experts[end].count <= most) rows += experts[end++].count;
    run_wave(pass, weights, x, std::span(experts).subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace assay
