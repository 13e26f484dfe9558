// The loop that measures what a core can do at most.
#include "reference-engine/kernels/x86_avx_vnni/dot.inl"
#include "reference-engine/kernels/x86_avx_vnni/tables.hpp"

namespace assay {
namespace {

constexpr std::size_t k_chains = 12;  // independent sums: latency 5 at two a cycle needs 10

/// The inner step of the tile of block formats, from registers.
std::int32_t int8_loop(std::size_t steps) {
  __m256i sums[k_chains];
#pragma GCC unroll 12
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  const __m256i weights = each(15);
  const __m256i codes = each(-1);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = dot(sum, weights, codes);
      pin(sum);
    }
  }
  __m256i all = _mm256_setzero_si256();
#pragma GCC unroll 12
  for (const __m256i& sum : sums) all = _mm256_add_epi32(all, sum);
  return _mm256_extract_epi32(all, 0);
}

}  // namespace

constinit const KernelTable k_avx_vnni_loops{
    .isa = "avxvnni",
    .int8_loop = int8_loop,
    .int8_ops_per_step = k_chains * 64,
};

}  // namespace assay
