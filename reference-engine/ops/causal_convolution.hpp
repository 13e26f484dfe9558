#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"

namespace assay {

/// Most taps of a convolution over time (published models have 3 and 4).
inline constexpr std::uint32_t k_most_taps = 16;

/// A convolution of each channel with its own taps, over the present token and those before it.
/// Shapes: weight [channels, taps] (the last tap meets the present token), bias [channels] or null.
struct CausalConvolution {
  const float* weight;
  const float* bias;
  std::size_t taps;  // 1 to k_most_taps
  bool silu;         // what comes out passes silu
};

/// Some channels of consecutive tokens.
struct ChannelRows {
  float* values;       // [tokens, stride], replaced by what comes out
  std::size_t stride;  // from one token to the next
  std::size_t tokens;
  std::size_t first;  // channel
  std::size_t count;
};

/// `history` holds the inputs of the taps - 1 tokens before, the latest last, zeros before the
/// first token; it is moved on. Shape: history [taps - 1, channels], `channels` apart.
void convolve(const KernelTable& kernels, const CausalConvolution& convolution,
              const ChannelRows& rows, float* history, std::size_t channels);

}  // namespace assay
