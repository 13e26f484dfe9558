#pragma once

#include <cstddef>

#include "reference-engine/kernel_table.hpp"

namespace assay {

/// ln(1 + exp(x)), in float64.
double softplus(float x);

/// One head of a Mamba-2 layer. The state S has a row for each value of the head.
/// Source: Dao and Gu 2024, "Transformers are SSMs", with a scalar decay for each head.
struct StateSpaceHead {
  float* state;       // [width, size]
  std::size_t width;  // values of the head
  std::size_t size;   // of one row of the state
  float rate;         // negative: a step of 1 keeps exp(rate) of the state
  float step_bias;
  float skip;  // what of the input is added to the output
};

/// Where the values of consecutive tokens are; each pointer's next token is `stride` further.
struct StateSpaceInput {
  const float* x;     // [width]
  const float* add;   // [size], "B"
  const float* read;  // [size], "C"
  const float* step;  // one value, before bias and softplus
  std::size_t stride;
};

/// For each token: dt = softplus(step + bias); S = exp(dt rate) S + dt x add^T;
/// out = S read + skip x. Shape: out [tokens, out_stride].
void run_state_space(const KernelTable& kernels, const StateSpaceHead& head,
                     const StateSpaceInput& input, std::size_t tokens, float* out,
                     std::size_t out_stride);

/// One value head of a gated delta net. The state S has a row for each value.
/// Source: Yang, Kautz and Hatamizadeh 2024, "Gated Delta Networks".
struct DeltaHead {
  float* state;       // [width, size]
  std::size_t width;  // values of the head
  std::size_t size;   // of a key
  float rate;         // negative
  float step_bias;
};

struct DeltaInput {
  const float* query;  // [size], of length 1
  const float* key;    // [size], of length 1
  const float* value;  // [width]
  const float* step;   // one value, before bias and softplus ("alpha")
  const float* write;  // one value, before sigmoid ("beta")
  std::size_t stride;
};

/// For each token: S = exp(rate softplus(step + bias)) S;
/// S += sigmoid(write) (value - S key) key^T; out = S query / sqrt(size).
/// Shape: out [tokens, out_stride].
void run_delta_net(const KernelTable& kernels, const DeltaHead& head, const DeltaInput& input,
                   std::size_t tokens, float* out, std::size_t out_stride);

/// x /= sqrt(sum of squares + epsilon). Shape: x [size].
void make_unit(const KernelTable& kernels, float* x, std::size_t size, float epsilon);

}  // namespace assay
