// The vectors of 256 bits that AVX2 and AVX-512 kernels use alike: Factors and Eight of
// kernels/panels/panels.inl.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace assay {
namespace {

using Factors = __m256i;

inline Factors load_factors(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}
inline Factors load_factors_twice(const void* at) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(at)));
}
inline void store_factors(void* at, Factors value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
}
inline Factors each_factor(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
inline Factors less(Factors a, Factors b) { return _mm256_sub_epi8(a, b); }

using Eight = __m256;

inline Eight no_eight() { return _mm256_setzero_ps(); }
inline Eight each_eight(float value) { return _mm256_set1_ps(value); }
inline Eight load_eight(const float* at) { return _mm256_loadu_ps(at); }
inline void store_eight(float* at, Eight value) { _mm256_storeu_ps(at, value); }
inline Eight codes_to_eight(const std::byte* at) {
  const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
}
inline Eight times(Eight a, Eight b) { return _mm256_mul_ps(a, b); }
inline Eight add_product(Eight a, Eight b, Eight sum) { return _mm256_fmadd_ps(a, b, sum); }

inline float half_to_float(const std::byte* at) {
  std::uint16_t bits;
  __builtin_memcpy(&bits, at, sizeof(bits));
  return _cvtsh_ss(bits);
}

inline float sum_of_lanes(Eight v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

inline Eight sums_of_lanes(const Eight (&v)[8]) {
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
  return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20),
                       _mm256_permute2f128_ps(low, high, 0x31));
}

inline void transpose(Eight (&r)[8]) {
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

}  // namespace
}  // namespace assay
