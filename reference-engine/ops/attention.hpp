#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/runtime/kv_cache.hpp"

namespace assay {

/// What q . k is multiplied with.
float attention_scale(const ScaleSpec& scale, const AttentionSpec& attention);

/// What the queries of one position are multiplied with, 1 + temperature ln(1 + floor(p / length)).
/// Requires a temperature. Source: llama 4 and Ministral 3 (`llama_4_scaling_beta`).
float temperature_factor(const ScaleSpec& scale, std::uint32_t position);

/// Queries that share one K/V head: `group` heads of each of `tokens` consecutive tokens.
struct QueryBlock {
  float* queries;                // of the first token; replaced by what the heads give
  std::size_t stride;            // values from one token to the next
  std::uint32_t tokens;          // at most attention_block_tokens(group)
  std::uint32_t group;           // heads, next to each other
  std::uint32_t dim;             // of one head
  std::uint32_t first_position;  // of the first token; it sees itself and all before
  std::uint32_t window;          // positions that a token sees, itself included; 0: all
  float scale;                   // of q . k
  float cap;                     // scores become cap * tanh(score / cap); 0: no cap
  const float* sinks;            // a logit for each of the group's heads, or null
};

/// Heads of one query block: those that share a K/V head. Of latent attention, where all of them
/// do, only some, so that threads have work in a decode step.
std::uint32_t attention_group(const AttentionSpec& attention);
/// Tokens of one query block.
std::uint32_t attention_block_tokens(std::uint32_t group);
/// Values of scratch that attend() needs for one block.
std::size_t attention_scratch_values(std::uint32_t group, std::uint32_t dim);

/// Causal attention, softmax(scale q k) v, by an online softmax over tiles of positions. A sink is
/// one more logit of the softmax, whose weight is dropped. Shape: scratch
/// [attention_scratch_values]. Source: Vaswani et al. 2017; Milakov and Gimelshein 2018 for the
/// online softmax; Xiao et al. 2023 for sinks.
void attend(const KernelTable& kernels, const CacheHead& cache, const QueryBlock& block,
            float* scratch);

/// A step of decode shares the positions that its token sees among threads: spans of so many, a
/// number that does not depend on the threads, so that results do not.
std::uint32_t attention_span(std::uint32_t seen);
/// Spans of exactly, and of at most, so many positions that are seen.
std::uint32_t attention_spans(std::uint32_t seen);
std::uint32_t most_attention_spans(std::uint32_t seen);
/// Positions that the token of a block of one sees.
std::uint32_t seen_positions(const QueryBlock& block);
/// Values that are left of one span: of each row the mixed values, the largest score and the sum.
std::size_t attention_part_values(std::uint32_t group, std::uint32_t dim);

/// attend() for one token, of one span only: leaves part [attention_part_values].
void attend_span(const KernelTable& kernels, const CacheHead& cache, const QueryBlock& block,
                 std::uint32_t span, float* scratch, float* part);
/// The queries of the block become what the parts [spans][attention_part_values] of all spans, in
/// their order, give together.
void join_spans(const QueryBlock& block, const float* parts, float* scratch);

}  // namespace assay
