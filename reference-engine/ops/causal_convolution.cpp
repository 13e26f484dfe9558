#include "reference-engine/ops/causal_convolution.hpp"

#include <algorithm>
#include <array>

namespace assay {
namespace {

// Channels that go through all tokens together: their taps and inputs stay in the first level
// cache.
constexpr std::size_t k_block = 64;

using Block = std::array<float, k_block>;

/// The taps of a block of channels, tap by tap, and the inputs that they meet.
struct Window {
  std::size_t taps;
  std::array<Block, k_most_taps> weight;
  std::array<Block, k_most_taps> input;  // of the token `slot`, in turn
};

void convolve_block(const KernelTable& kernels, const CausalConvolution& convolution,
                    const ChannelRows& rows, float* history, std::size_t channels) {
  const std::size_t taps = convolution.taps;
  Window window{taps, {}, {}};
  Block ones;
  ones.fill(1.0F);
  for (std::size_t j = 0; j < taps; ++j) {
    for (std::size_t c = 0; c < rows.count; ++c) {
      window.weight[j][c] = convolution.weight[(rows.first + c) * taps + j];
    }
  }
  // Token t is kept in slot (t + taps - 1) % taps; the tokens of the history are the first slots.
  for (std::size_t j = 0; j + 1 < taps; ++j) {
    std::copy_n(history + j * channels + rows.first, rows.count, window.input[j].begin());
  }
  for (std::size_t t = 0; t < rows.tokens; ++t) {
    float* row = rows.values + t * rows.stride + rows.first;
    std::copy_n(row, rows.count, window.input[(t + taps - 1) % taps].begin());
    if (convolution.bias != nullptr) {
      std::copy_n(convolution.bias + rows.first, rows.count, row);
    } else {
      std::fill_n(row, rows.count, 0.0F);
    }
    for (std::size_t j = 0; j < taps; ++j) {
      const Block& input = window.input[(t + j) % taps];
      const Block& weight = window.weight[j];
      for (std::size_t c = 0; c < rows.count; ++c) row[c] += weight[c] * input[c];
    }
    if (convolution.silu) kernels.silu_multiply(row, ones.data(), rows.count);
  }
  for (std::size_t j = 0; j + 1 < taps; ++j) {
    std::copy_n(window.input[(rows.tokens + j) % taps].begin(), rows.count,
                history + j * channels + rows.first);
  }
}

}  // namespace

void convolve(const KernelTable& kernels, const CausalConvolution& convolution,
              const ChannelRows& rows, float* history, std::size_t channels) {
  for (std::size_t done = 0; done < rows.count; done += k_block) {
    ChannelRows block = rows;
    block.first = rows.first + done;
    block.count = std::min(k_block, rows.count - done);
    convolve_block(kernels, convolution, block, history, channels);
  }
}

}  // namespace assay
