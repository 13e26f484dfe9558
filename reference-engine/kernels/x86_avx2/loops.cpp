// Loops that measure what a core can do at most.
#include "reference-engine/kernels/panels/read_stream.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

constexpr std::size_t k_chains = 12;  // independent sums: latency 4 at two a cycle needs 8

float fma_loop(std::size_t steps) {
  __m256 sums[k_chains];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < k_chains; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 factor = _mm256_set1_ps(0.5F);
  const __m256 one = _mm256_set1_ps(1.0F);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = _mm256_fmadd_ps(sum, factor, one);
      asm("" : "+x"(sum));
    }
  }
  __m256 all = _mm256_setzero_ps();
#pragma GCC unroll 12
  for (const __m256 sum : sums) all = _mm256_add_ps(all, sum);
  return sum_of_lanes(all);
}

/// The inner step of the 4-bit tile, from registers.
std::int32_t int8_loop(std::size_t steps) {
  __m256i sums[k_chains];
#pragma GCC unroll 12
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  const __m256i weights = _mm256_set1_epi8(15);
  __m256i codes = _mm256_set1_epi8(-1);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      pin(codes);  // else the twelve products are one
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, codes));
      pin(sum);
    }
  }
  __m256i all = _mm256_setzero_si256();
#pragma GCC unroll 12
  for (const __m256i& sum : sums) all = _mm256_add_epi16(all, sum);
  return _mm256_extract_epi32(all, 0);
}

}  // namespace

constinit const KernelTable k_avx2_loops{
    .isa = "avx2",
    .read_stream = read_stream,
    .fma_loop = fma_loop,
    .fma_flops_per_step = k_chains * 16,
    .int8_loop = int8_loop,
    .int8_ops_per_step = k_chains * 64,
};

}  // namespace assay
