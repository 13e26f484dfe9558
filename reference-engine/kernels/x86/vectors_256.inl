// The vectors of 256 bits that AVX2 and AVX-512 kernels use alike: the Factors of
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

inline float half_to_float(const std::byte* at) {
  std::uint16_t bits;
  __builtin_memcpy(&bits, at, sizeof(bits));
  return _cvtsh_ss(bits);
}

}  // namespace
}  // namespace assay
