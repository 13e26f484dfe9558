// Vectors of 16 rows, for kernels/x86/panels.inl and the AVX-512 kernels.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"

namespace assay {
namespace {

using Codes = __m512i;
using Floats = __m512;
constexpr std::size_t k_lanes = 16;
#if defined(__clang__)
using ShiftCount = unsigned;
#else
using ShiftCount = int;
#endif

inline Codes load(const void* at) { return _mm512_loadu_si512(at); }
inline void store(void* at, Codes value) { _mm512_storeu_si512(at, value); }
inline void store(float* at, Floats value) { _mm512_storeu_ps(at, value); }

inline Codes both(Codes a, Codes b) { return _mm512_and_si512(a, b); }
inline Codes either(Codes a, Codes b) { return _mm512_or_si512(a, b); }
inline Codes flip(Codes a, Codes bits) { return _mm512_xor_si512(a, bits); }
inline Codes each(int byte) { return _mm512_set1_epi8(static_cast<char>(byte)); }
inline Floats each(float value) { return _mm512_set1_ps(value); }
inline Floats minus(Floats a) { return _mm512_sub_ps(_mm512_setzero_ps(), a); }
inline Codes up(Codes a, std::size_t bits) {
  return _mm512_slli_epi16(a, static_cast<ShiftCount>(bits));
}
inline Codes down(Codes a, std::size_t bits) {
  return _mm512_srli_epi16(a, static_cast<ShiftCount>(bits));
}
inline Codes look_up(const void* table, Codes indices) {
  const __m128i sixteen = _mm_load_si128(static_cast<const __m128i*>(table));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(sixteen), indices);
}

/// 16 bytes.
inline Floats to_floats(const std::uint8_t* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}
inline Floats to_floats(const std::int8_t* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
}

/// 16 consecutive binary16 values.
inline Floats load_halves(const std::byte* at) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

/// 2^(e - 128) of 16 bytes: the exponent field e - 1, or a subnormal for e = 0 and 1.
inline Floats load_powers(const std::byte* at) {
  const __m512i e = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(e, _mm512_set1_epi32(1)), 23);
  const __m512i subnormal = _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), e);
  const __mmask16 is_normal = _mm512_cmpgt_epi32_mask(e, _mm512_set1_epi32(1));
  return _mm512_castsi512_ps(_mm512_mask_blend_epi32(is_normal, subnormal, normal));
}

/// Four codes, or one int32, in every lane.
inline __m512i broadcast4(const void* at) {
  std::int32_t word;
  __builtin_memcpy(&word, at, sizeof(word));
  return _mm512_set1_epi32(word);
}

/// Keeps a value in its register: GCC 12 otherwise reorders unrolled tiles until they spill. Emits
/// nothing.
inline void pin(__m512i& value) { asm("" : "+v"(value)); }

}  // namespace
}  // namespace assay
