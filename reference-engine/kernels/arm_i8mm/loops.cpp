// The loop that measures what a core can do at most with the instruction of these products.
#include "reference-engine/kernels/arm_i8mm/tables.hpp"
#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

constexpr std::size_t k_chains = 16;  // independent sums: latency 4 at four a cycle

std::int32_t int8_loop(std::size_t steps) {
  int32x4_t sums[k_chains];
#pragma GCC unroll 16
  for (auto& sum : sums) sum = vdupq_n_s32(0);
  const int8x16_t weights = vdupq_n_s8(15);
  const int8x16_t codes = vdupq_n_s8(-1);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 16
    for (auto& sum : sums) {
      sum = vmmlaq_s32(sum, weights, codes);
      asm("" : "+w"(sum));
    }
  }
  int32x4_t all = vdupq_n_s32(0);
#pragma GCC unroll 16
  for (const int32x4_t sum : sums) all = vaddq_s32(all, sum);
  return vaddvq_s32(all);
}

}  // namespace

constinit const KernelTable k_i8mm_loops{
    .isa = "i8mm",
    .int8_loop = int8_loop,
    .int8_ops_per_step = k_chains * 64,
};

}  // namespace assay
