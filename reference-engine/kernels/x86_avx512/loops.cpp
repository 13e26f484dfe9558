// Loops that measure what a core can do at most.
#include "reference-engine/kernels/panels/panels.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {
namespace {

constexpr std::size_t k_chains = 12;  // independent sums: latency 4 or 5 at two a cycle needs 10

float fma_loop(std::size_t steps) {
  __m512 sums[k_chains];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < k_chains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 factor = _mm512_set1_ps(0.5F);
  const __m512 one = _mm512_set1_ps(1.0F);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = _mm512_fmadd_ps(sum, factor, one);
      asm("" : "+v"(sum));
    }
  }
  __m512 all = _mm512_setzero_ps();
#pragma GCC unroll 12
  for (const __m512& sum : sums) all = _mm512_add_ps(all, sum);
  return _mm512_reduce_add_ps(all);
}

/// The inner step of the tile of block formats, from registers.
std::int32_t int8_loop(std::size_t steps) {
  __m512i sums[k_chains];
#pragma GCC unroll 12
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  const __m512i weights = each(15);
  const __m512i codes = each(-1);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, weights, codes);
      pin(sum);
    }
  }
  __m512i all = _mm512_setzero_si512();
#pragma GCC unroll 12
  for (const __m512i& sum : sums) all = _mm512_add_epi32(all, sum);
  return _mm512_reduce_add_epi32(all);
}

}  // namespace

constinit const KernelTable k_avx512_loops{
    .isa = "avx512",
    .fma_loop = fma_loop,
    .fma_flops_per_step = k_chains * 32,
    .int8_loop = int8_loop,
    .int8_ops_per_step = k_chains * 128,
};

}  // namespace assay
