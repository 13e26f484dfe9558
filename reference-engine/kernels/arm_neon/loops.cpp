// Loops that measure what a core can do at most.
#include "reference-engine/kernels/arm_neon/tables.hpp"
#include "reference-engine/kernels/panels/read_stream.inl"

namespace assay {
namespace {

constexpr std::size_t k_chains = 16;  // independent sums: latency 4 at four a cycle

float fma_loop(std::size_t steps) {
  Floats sums[k_chains];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < k_chains; ++i) sums[i] = vdupq_n_f32(static_cast<float>(i));
  Floats factor = vdupq_n_f32(0.5F);
  asm("" : "+w"(factor));  // else the product is a constant
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 16
    for (auto& sum : sums) {
      sum = vfmaq_f32(sum, factor, factor);
      asm("" : "+w"(sum));
    }
  }
  Floats all = vdupq_n_f32(0.0F);
#pragma GCC unroll 16
  for (const Floats sum : sums) all = vaddq_f32(all, sum);
  return vaddvq_f32(all);
}

/// The inner step of the tile of block formats, from registers.
std::int32_t int8_loop(std::size_t steps) {
  int32x4_t sums[k_chains];
#pragma GCC unroll 16
  for (auto& sum : sums) sum = vdupq_n_s32(0);
  const int8x16_t weights = vdupq_n_s8(15);
  const int8x16_t codes = vdupq_n_s8(-1);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 16
    for (auto& sum : sums) {
      sum = vdotq_laneq_s32(sum, weights, codes, 0);
      asm("" : "+w"(sum));
    }
  }
  int32x4_t all = vdupq_n_s32(0);
#pragma GCC unroll 16
  for (const int32x4_t sum : sums) all = vaddq_s32(all, sum);
  return vaddvq_s32(all);
}

}  // namespace

constinit const KernelTable k_neon_loops{
    .isa = "neon",
    .read_stream = read_stream,
    .fma_loop = fma_loop,
    .fma_flops_per_step = k_chains * 8,
    .int8_loop = int8_loop,
    .int8_ops_per_step = k_chains * 32,
};

}  // namespace assay
