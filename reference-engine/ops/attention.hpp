#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/runtime/kv_cache.hpp"

namespace assay {

/// Queries that share one K/V head: `group` heads of each of `tokens` consecutive tokens.
struct QueryBlock {
  float* queries;                // of the first token; replaced by what the heads give
  std::size_t stride;            // values from one token to the next
  std::uint32_t tokens;          // at most attention_block_tokens(group)
  std::uint32_t group;           // heads, next to each other
  std::uint32_t dim;             // of one head
  std::uint32_t first_position;  // of the first token; it sees itself and all before
};

/// Tokens of one query block.
std::uint32_t attention_block_tokens(std::uint32_t group);
/// Values of scratch that attend() needs for one block.
std::size_t attention_scratch_values(std::uint32_t group, std::uint32_t dim);

/// Causal attention, softmax(q k / sqrt(dim)) v, by an online softmax over tiles of positions.
/// Shape: scratch [attention_scratch_values]. Source: Vaswani et al. 2017; Milakov and
/// Gimelshein 2018 for the online softmax.
void attend(const KernelTable& kernels, const CacheHead& cache, const QueryBlock& block,
            float* scratch);

}  // namespace assay
