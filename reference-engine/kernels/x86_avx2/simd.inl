// Vectors of 8 rows, for kernels/panels/panels.inl and the AVX2 kernels.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/kernels/x86/vectors_256.inl"

namespace assay {
namespace {

using Codes = __m256i;
using Floats = __m256;
constexpr std::size_t k_lanes = 8;
using Wide = Floats;
constexpr std::size_t k_wide = k_lanes;

inline Codes load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
inline void store(void* at, Codes value) { _mm256_storeu_si256(static_cast<__m256i*>(at), value); }
inline void store(float* at, Floats value) { _mm256_storeu_ps(at, value); }

inline Codes both(Codes a, Codes b) { return _mm256_and_si256(a, b); }
inline Codes either(Codes a, Codes b) { return _mm256_or_si256(a, b); }
inline Codes flip(Codes a, Codes bits) { return _mm256_xor_si256(a, bits); }
inline Codes each(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
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

inline Floats load_floats(const float* at) { return _mm256_loadu_ps(at); }

/// The first `count` of 8 values; zeros for the others.
inline Floats load_some(const float* at, std::size_t count) {
  alignas(32) float lanes[8] = {};
  __builtin_memcpy(lanes, at, count * sizeof(float));
  return _mm256_load_ps(lanes);
}
inline void store_some(float* at, Floats value, std::size_t count) {
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, value);
  __builtin_memcpy(at, lanes, count * sizeof(float));
}

inline Floats all(float value) { return _mm256_set1_ps(value); }
inline Wide all_wide(float value) { return all(value); }
inline Floats plus(Floats a, Floats b) { return _mm256_add_ps(a, b); }
inline Floats minus(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
inline Floats times(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
inline Floats over(Floats a, Floats b) { return _mm256_div_ps(a, b); }
inline Floats lesser(Floats a, Floats b) { return _mm256_min_ps(a, b); }
inline Floats greater(Floats a, Floats b) { return _mm256_max_ps(a, b); }
/// a * b + c and c - a * b, rounded once.
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline Floats subtract_product(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
inline Floats nearest(Floats a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a * 2^n for whole n, where neither a nor the result is zero or subnormal.
inline Floats times_power(Floats a, Floats n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent));
}
/// Zero where x is below `lowest`.
inline Floats keep_from(float lowest, Floats x, Floats value) {
  return _mm256_and_ps(value, _mm256_cmp_ps(x, all(lowest), _CMP_GE_OQ));
}
inline float sum_of_lanes(Floats v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
/// The sums across the lanes of 8 vectors, in order.
inline Floats sums_of_lanes(const Floats (&v)[k_lanes]) {
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
  return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20),
                       _mm256_permute2f128_ps(low, high, 0x31));
}
/// Rows of a square become columns.
inline void transpose(Floats (&r)[k_lanes]) {
  __m256 t[8];
  for (std::size_t i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  __m256 u[8];
  for (std::size_t i = 0; i < 2; ++i) {
    u[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    u[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xEE);
    u[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    u[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xEE);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    r[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
  }
}
inline float largest_of_lanes(Floats v) {
  __m128 most = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  most = _mm_max_ps(most, _mm_movehl_ps(most, most));
  return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
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
