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
#include "reference-engine/thread_pool.hpp"

namespace assay {

/// The experts that were chosen, layer after layer, token after token: [layers][tokens][used].
using RoutingTrace = std::vector<std::uint32_t>;

/// One run of some tokens through all layers: what each step of it needs to know.
struct Pass {
  const ModelSpec& spec;
  const ModelWeights& weights;
  const KernelTable& kernels;
  const RopeFrequencies& rope;
  ThreadPool& pool;
  const KvCache& cache;
  const PassBuffers& buffers;
  std::uint32_t first_position;
  std::size_t tokens;
  RoutingTrace* routing = nullptr;  // appended to where it is given
};

/// normalised = rms_norm(rows) of `count` rows of d_model values, with codes where one of the
/// matrices takes them.
Activations normalise(const Pass& pass, const float* rows, std::size_t count,
                      std::span<const float> weight,
                      std::initializer_list<const PackedMatrix*> matrices);

/// Runs job(begin, end) over pieces of [0, count), on the caller alone when there is one piece.
void for_pieces(const Pass& pass, std::size_t count, std::size_t grain,
                const std::function<void(std::size_t begin, std::size_t end)>& job);

/// Rows of one piece of work that goes over rows: a few pieces a thread.
std::size_t row_grain(const Pass& pass, std::size_t rows);

/// Whether one of the matrices multiplies int8 codes.
bool any_takes_q8(std::initializer_list<const PackedMatrix*> matrices);

}  // namespace assay
