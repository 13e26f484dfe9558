// Vectors of 8 rows, for kernels/x86/panels.inl and the AVX2 kernels.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"

namespace assay {
namespace {

using Codes = __m256i;
using Floats = __m256;
constexpr std::size_t k_lanes = 8;

inline Codes load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
inline void store(void* at, Codes value) { _mm256_storeu_si256(static_cast<__m256i*>(at), value); }
inline void store(float* at, Floats value) { _mm256_storeu_ps(at, value); }

inline Codes both(Codes a, Codes b) { return _mm256_and_si256(a, b); }
inline Codes either(Codes a, Codes b) { return _mm256_or_si256(a, b); }
inline Codes flip(Codes a, Codes bits) { return _mm256_xor_si256(a, bits); }
inline Codes each(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
inline Floats each(float value) { return _mm256_set1_ps(value); }
inline Floats minus(Floats a) { return _mm256_sub_ps(_mm256_setzero_ps(), a); }
inline Codes up(Codes a, std::size_t bits) { return _mm256_slli_epi16(a, static_cast<int>(bits)); }
inline Codes down(Codes a, std::size_t bits) {
  return _mm256_srli_epi16(a, static_cast<int>(bits));
}
inline Codes look_up(const void* table, Codes indices) {
  const __m128i sixteen = _mm_load_si128(static_cast<const __m128i*>(table));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(sixteen), indices);
}

/// 8 bytes.
inline Floats to_floats(const std::uint8_t* at) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}
inline Floats to_floats(const std::int8_t* at) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
}

/// 8 consecutive binary16 values.
inline Floats load_halves(const std::byte* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

/// 2^(e - 128) of 8 bytes: the exponent field e - 1, or a subnormal for e = 0 and 1.
inline Floats load_powers(const std::byte* at) {
  const __m256i e = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
  const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
  const __m256i subnormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
  const __m256i is_normal = _mm256_cmpgt_epi32(e, _mm256_set1_epi32(1));
  return _mm256_castsi256_ps(_mm256_blendv_epi8(subnormal, normal, is_normal));
}

/// Four codes, or a pair of sums, in every lane.
inline __m256i broadcast4(const void* at) {
  std::int32_t word;
  __builtin_memcpy(&word, at, sizeof(word));
  return _mm256_set1_epi32(word);
}

/// Keeps an accumulator where it is: in unrolled tiles GCC 12 moves all multiplications ahead of
/// the additions and spills the products, which costs a factor of 1.6 to 1.9. Emits nothing.
inline void pin(__m256i& value) { asm("" : "+x"(value)); }

}  // namespace
}  // namespace assay
