// Loops that measure what a core can do at most.
#include "reference-engine/kernels/arm_neon/tables.hpp"
#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

template <unsigned streams>
Codes read(const std::byte* from, std::size_t bytes) {
  const std::size_t part = bytes / streams;
  Codes sums[streams][2];
#pragma GCC unroll 8
  for (auto& sum : sums) sum[0] = sum[1] = each(0);
  for (std::size_t i = 0; i < part; i += 64) {
#pragma GCC unroll 8
    for (unsigned s = 0; s < streams; ++s) {
      const std::byte* at = from + s * part + i;
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        sums[s][half] =
            veorq_u8(sums[s][half], veorq_u8(load(at + half * 32), load(at + half * 32 + 16)));
      }
    }
  }
  Codes all = each(0);
#pragma GCC unroll 8
  for (auto& sum : sums) all = veorq_u8(all, veorq_u8(sum[0], sum[1]));
  return all;
}

std::uint64_t read_stream(const std::byte* from, std::size_t bytes, unsigned streams) {
  Codes all;
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
  const uint64x2_t words = vreinterpretq_u64_u8(all);
  return vgetq_lane_u64(words, 0) ^ vgetq_lane_u64(words, 1);
}

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
