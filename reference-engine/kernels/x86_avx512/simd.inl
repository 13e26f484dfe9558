// Vectors of 16 rows, for kernels/panels/panels.inl and the AVX-512 kernels.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/kernels/x86/vectors_256.inl"

namespace assay {
namespace {

using Codes = __m512i;
using Floats = __m512;
constexpr std::size_t k_lanes = 16;
using Wide = Floats;
constexpr std::size_t k_wide = k_lanes;
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
inline Floats minus(Floats a) { return _mm512_sub_ps(_mm512_setzero_ps(), a); }
inline Codes up(Codes a, std::size_t bits) {
  return _mm512_slli_epi16(a, static_cast<ShiftCount>(bits));
}
inline Codes down(Codes a, std::size_t bits) {
  return _mm512_srli_epi16(a, static_cast<ShiftCount>(bits));
}
inline Factors both(Factors a, Factors b) { return _mm256_and_si256(a, b); }
inline Factors either(Factors a, Factors b) { return _mm256_or_si256(a, b); }
inline Factors up(Factors a, std::size_t bits) {
  return _mm256_slli_epi16(a, static_cast<int>(bits));
}
inline Factors down(Factors a, std::size_t bits) {
  return _mm256_srli_epi16(a, static_cast<int>(bits));
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

inline Floats load_floats(const float* at) { return _mm512_loadu_ps(at); }

/// The first `count` of 16 values; zeros for the others.
inline Floats load_some(const float* at, std::size_t count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1), at);
}
inline void store_some(float* at, Floats value, std::size_t count) {
  _mm512_mask_storeu_ps(at, static_cast<__mmask16>((1U << count) - 1), value);
}

inline Floats all(float value) { return _mm512_set1_ps(value); }
inline Wide all_wide(float value) { return all(value); }
inline Floats plus(Floats a, Floats b) { return _mm512_add_ps(a, b); }
inline Floats minus(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
inline Floats times(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
inline Floats over(Floats a, Floats b) { return _mm512_div_ps(a, b); }
inline Floats lesser(Floats a, Floats b) { return _mm512_min_ps(a, b); }
inline Floats greater(Floats a, Floats b) { return _mm512_max_ps(a, b); }
/// a * b + c and c - a * b, rounded once.
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Floats subtract_product(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }
inline Floats nearest(Floats a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a * 2^n for whole n.
inline Floats times_power(Floats a, Floats n) { return _mm512_scalef_ps(a, n); }
/// Zero where x is below `lowest`.
inline Floats keep_from(float lowest, Floats x, Floats value) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, all(lowest), _CMP_GE_OQ), value);
}
inline float sum_of_lanes(Floats v) { return _mm512_reduce_add_ps(v); }
/// The sums across the lanes of 16 vectors, in order.
inline Floats sums_of_lanes(const Floats (&v)[k_lanes]) {
  // Each step halves the vectors: first within quarters of 128 bits, so that quarter q of four[i]
  // holds what quarter q of vectors 4i .. 4i + 3 adds up to; then the quarters.
  Floats four[4];
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    Floats two[2];
#pragma GCC unroll 2
    for (std::size_t j = 0; j < 2; ++j) {
      const Floats a = v[4 * i + 2 * j];
      const Floats b = v[4 * i + 2 * j + 1];
      two[j] = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    }
    four[i] = _mm512_add_ps(_mm512_shuffle_ps(two[0], two[1], 0x44),
                            _mm512_shuffle_ps(two[0], two[1], 0xEE));
  }
  const Floats low = _mm512_add_ps(_mm512_shuffle_f32x4(four[0], four[1], 0x88),
                                   _mm512_shuffle_f32x4(four[0], four[1], 0xDD));
  const Floats high = _mm512_add_ps(_mm512_shuffle_f32x4(four[2], four[3], 0x88),
                                    _mm512_shuffle_f32x4(four[2], four[3], 0xDD));
  return _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88),
                       _mm512_shuffle_f32x4(low, high, 0xDD));
}
/// Rows of a square become columns.
inline void transpose(Floats (&r)[k_lanes]) {
  // Squares of 4 by 4 values within the quarters of 128 bits, then the quarters.
  Floats t[k_lanes];
#pragma GCC unroll 4
  for (std::size_t i = 0; i < k_lanes; i += 4) {
    const Floats a = _mm512_unpacklo_ps(r[i], r[i + 1]);
    const Floats b = _mm512_unpackhi_ps(r[i], r[i + 1]);
    const Floats c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]);
    const Floats d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
    t[i] = _mm512_shuffle_ps(a, c, 0x44);
    t[i + 1] = _mm512_shuffle_ps(a, c, 0xEE);
    t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
    t[i + 3] = _mm512_shuffle_ps(b, d, 0xEE);
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    const Floats even_low = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88);
    const Floats odd_low = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xDD);
    const Floats even_high = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88);
    const Floats odd_high = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xDD);
    r[i] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
    r[i + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xDD);
    r[i + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD);
  }
}
inline float largest_of_lanes(Floats v) { return _mm512_reduce_max_ps(v); }

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
