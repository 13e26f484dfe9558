// The instruction of AVX512-BF16 that products use, in 16 lanes.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

#if defined(__AVX512BF16__)

/// In each lane: sums + the upper product of a pair of bfloat16 values, then + the lower one.
/// Subnormal inputs count as zero, a subnormal sum becomes zero.
inline __m512 dot(__m512 sums, __m512i weights, __m512i values) {
  return _mm512_dpbf16_ps(sums, __builtin_bit_cast(__m512bh, weights),
                          __builtin_bit_cast(__m512bh, values));
}

#else

/// A subnormal becomes a zero of its sign.
inline __m512 flush(__m512i bits) {
  const __mmask16 subnormal = _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7F800000));
  const __m512i sign = _mm512_slli_epi32(_mm512_srli_epi32(bits, 31), 31);
  return _mm512_castsi512_ps(_mm512_mask_mov_epi32(bits, subnormal, sign));
}

/// sums + the products of the upper halves of both.
inline __m512 add_upper(__m512 sums, __m512i weights, __m512i values) {
  const __m512i upper = _mm512_slli_epi32(_mm512_set1_epi32(0xFFFF), 16);
  const __m512 product = _mm512_fmadd_ps(flush(_mm512_and_si512(weights, upper)),
                                         flush(_mm512_and_si512(values, upper)), sums);
  return flush(_mm512_castps_si512(product));
}

/// The same without the instruction, for tests: Intel Software Developer's Manual, volume 2,
/// VDPBF16PS, "Operation". A product of two bfloat16 values is exact in float32.
inline __m512 dot(__m512 sums, __m512i weights, __m512i values) {
  sums = add_upper(flush(_mm512_castps_si512(sums)), weights, values);
  return add_upper(sums, _mm512_slli_epi32(weights, 16), _mm512_slli_epi32(values, 16));
}

#endif

}  // namespace
}  // namespace assay
