// Loops that measure what a core can do at most.
#include "reference-engine/kernels/panels/panels.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

template <unsigned streams>
__m256i read(const std::byte* from, std::size_t bytes) {
  const std::size_t part = bytes / streams;
  __m256i sums[streams][2];
#pragma GCC unroll 12
  for (auto& sum : sums) sum[0] = sum[1] = _mm256_setzero_si256();
  for (std::size_t i = 0; i < part; i += 64) {
#pragma GCC unroll 8
    for (unsigned s = 0; s < streams; ++s) {
      sums[s][0] = _mm256_xor_si256(sums[s][0], load(from + s * part + i));
      sums[s][1] = _mm256_xor_si256(sums[s][1], load(from + s * part + i + 32));
    }
  }
  __m256i all = _mm256_setzero_si256();
#pragma GCC unroll 12
  for (auto& sum : sums) all = _mm256_xor_si256(all, _mm256_xor_si256(sum[0], sum[1]));
  return all;
}

std::uint64_t read_stream(const std::byte* from, std::size_t bytes, unsigned streams) {
  __m256i all;
  switch (streams) {
    case 8:
      all = read<8>(from, bytes);
      break;
    case 4:
      all = read<4>(from, bytes);
      break;
    case 2:
      all = read<2>(from, bytes);
      break;
    default:
      all = read<1>(from, bytes);
      break;
  }
  return static_cast<std::uint64_t>(_mm256_extract_epi64(all, 0)) ^
         static_cast<std::uint64_t>(_mm256_extract_epi64(all, 1)) ^
         static_cast<std::uint64_t>(_mm256_extract_epi64(all, 2)) ^
         static_cast<std::uint64_t>(_mm256_extract_epi64(all, 3));
}

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
