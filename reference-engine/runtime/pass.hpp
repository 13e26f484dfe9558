#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/ops/rope.hpp"
#include "reference-engine/runtime/kv_cache.hpp"
#include "reference-engine/runtime/model_weights.hpp"
#include "reference-engine/runtime/pass_buffers.hpp"
#include "reference-engine/runtime/recurrent_state.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

/// The experts that were chosen, layer after layer, token after token: [mixture
/// layers][tokens][used].
using RoutingTrace = std::vector<std::uint32_t>;

/// The hidden state of a pass's last token before the first block and after each:
/// [1 + layers * steps_per_layer()][d_model].
using ResidualTrace = std::vector<float>;

/// Mixer and feed-forward block, and what stands after them.
inline std::size_t steps_per_layer(const ModelSpec& spec) {
  return 2U + (spec.d_layer_input > 0 ? 1U : 0U) + (spec.layer_scale ? 1U : 0U);
}

/// One run of some tokens through all layers: what each step of it needs to know.
struct Pass {
  const ModelSpec& spec;
  const ModelWeights& weights;
  const KernelTable& kernels;
  std::span<const RopeFrequencies> ropes;  // as ModelSpec::ropes
  ThreadPool& pool;
  const KvCache& cache;
  const RecurrentState& states;
  const PassBuffers& buffers;
  std::uint32_t first_position;
  std::size_t tokens;
  RoutingTrace* routing = nullptr;     // appended to where it is given
  ResidualTrace* residuals = nullptr;  // likewise
};

/// normalised = norm(rows) of `count` rows of d_model values, with codes where one of the matrices
/// takes them. A norm without weights leaves the rows as they are.
Activations normalise(const Pass& pass, const float* rows, std::size_t count,
                      const NormWeights& weights,
                      std::initializer_list<const PackedMatrix*> matrices);

/// Adds a bias to one row; an empty one adds nothing.
void add_bias(const Pass& pass, std::span<const float> bias, float* row);

/// residual += scale * norm(rows + bias) of all tokens, what a block gives back; bias and norm may
/// be empty. Shape: rows [tokens, d_model], used up.
void add_to_residual(const Pass& pass, float* rows, std::span<const float> bias,
                     const NormWeights& post_norm);

/// Runs job(begin, end) over pieces of [0, count), on the caller alone when there is one piece.
void for_pieces(const Pass& pass, std::size_t count, std::size_t grain,
                const std::function<void(std::size_t begin, std::size_t end)>& job);

/// Rows of one piece of work that goes over rows: a few pieces a thread.
std::size_t row_grain(const Pass& pass, std::size_t rows);

/// Whether one of the matrices multiplies int8 codes; one that the model does not have does not.
bool any_takes_q8(std::initializer_list<const PackedMatrix*> matrices);

}  // namespace assay
