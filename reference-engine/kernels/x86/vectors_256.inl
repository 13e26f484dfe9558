// The vectors that AVX2 and AVX-512 kernels use alike: Factors, of 256 bits, and Sixteen of
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
inline void store_factors(void* at, Factors value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
}
inline Factors each_factor(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
inline Factors less(Factors a, Factors b) { return _mm256_sub_epi8(a, b); }

using Sixteen = __m128i;

inline Sixteen load_sixteen(const void* at) {
  return _mm_loadu_si128(static_cast<const __m128i*>(at));
}
inline void store_sixteen(void* at, Sixteen value) {
  _mm_storeu_si128(static_cast<__m128i*>(at), value);
}
inline Sixteen each_sixteen(int byte) { return _mm_set1_epi8(static_cast<char>(byte)); }
inline Sixteen both(Sixteen a, Sixteen b) { return _mm_and_si128(a, b); }
inline Sixteen either(Sixteen a, Sixteen b) { return _mm_or_si128(a, b); }
inline Sixteen up(Sixteen a, std::size_t bits) { return _mm_slli_epi16(a, static_cast<int>(bits)); }
inline Sixteen down(Sixteen a, std::size_t bits) {
  return _mm_srli_epi16(a, static_cast<int>(bits));
}
inline Sixteen less(Sixteen a, Sixteen b) { return _mm_sub_epi8(a, b); }

inline float half_to_float(const std::byte* at) {
  std::uint16_t bits;
  __builtin_memcpy(&bits, at, sizeof(bits));
  return _cvtsh_ss(bits);
}

}  // namespace
}  // namespace assay
