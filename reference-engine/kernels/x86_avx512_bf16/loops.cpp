// The loop that measures what a core can do at most.
#include "reference-engine/kernels/x86_avx512_bf16/dot.inl"
#include "reference-engine/kernels/x86_avx512_bf16/tables.hpp"

namespace assay {
namespace {

constexpr std::size_t k_chains = 12;  // the sums of the tile of products

float bf16_loop(std::size_t steps) {
  __m512 sums[k_chains];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < k_chains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512i halves = _mm512_set1_epi16(0x3F00);  // 0.5 * 0.5 + 0.5 * 0.5 a step
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = dot(sum, halves, halves);
      asm("" : "+v"(sum));
    }
  }
  __m512 all = _mm512_setzero_ps();
#pragma GCC unroll 12
  for (const __m512& sum : sums) all = _mm512_add_ps(all, sum);
  return _mm512_reduce_add_ps(all);
}

}  // namespace

constinit const KernelTable k_avx512_bf16_loops{
    .isa = "avx512_bf16",
    .bf16_loop = bf16_loop,
    .bf16_flops_per_step = k_chains * 64,
};

}  // namespace assay
