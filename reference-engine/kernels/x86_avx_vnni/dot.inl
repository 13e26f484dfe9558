// The one instruction that AVX-VNNI adds, in 8 lanes.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

#if defined(__AVXVNNI__)

/// In each lane: sums + the four products of an unsigned weight and a signed code, exactly.
inline __m256i dot(__m256i sums, __m256i weights, __m256i codes) {
  return _mm256_dpbusd_avx_epi32(sums, weights, codes);
}

#else

/// The same by AVX2, for tests on processors without the instruction: bytes are widened to 16 bits,
/// whose products are added in pairs as int32.
inline __m256i dot(__m256i sums, __m256i weights, __m256i codes) {
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(weights, _mm256_set1_epi16(0xFF)),
                                         _mm256_srai_epi16(_mm256_slli_epi16(codes, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(weights, 8), _mm256_srai_epi16(codes, 8));
  return _mm256_add_epi32(sums, _mm256_add_epi32(even, odd));
}

#endif

}  // namespace
}  // namespace assay
