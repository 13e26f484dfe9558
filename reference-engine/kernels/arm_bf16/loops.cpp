// The loop that measures what a core can do at most.
#include "reference-engine/kernels/arm_bf16/tables.hpp"
#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

constexpr std::size_t k_chains = 16;  // the sums of the tile of products

float bf16_loop(std::size_t steps) {
  Floats sums[k_chains];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < k_chains; ++i) sums[i] = vdupq_n_f32(static_cast<float>(i));
  const bfloat16x8_t halves = vreinterpretq_bf16_u16(vdupq_n_u16(0x3F00));  // 4 * 0.25 a step
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 16
    for (auto& sum : sums) {
      sum = vbfmmlaq_f32(sum, halves, halves);
      asm("" : "+w"(sum));
    }
  }
  Floats all_sums = vdupq_n_f32(0.0F);
#pragma GCC unroll 16
  for (const Floats sum : sums) all_sums = vaddq_f32(all_sums, sum);
  return vaddvq_f32(all_sums);
}

}  // namespace

constinit const KernelTable k_arm_bf16_loops{
    .isa = "bf16",
    .bf16_loop = bf16_loop,
    .bf16_flops_per_step = k_chains * 32,
};

}  // namespace assay
