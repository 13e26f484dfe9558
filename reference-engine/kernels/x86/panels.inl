// Panels as all x86 kernels use them. The simd.inl of the instruction set that a translation unit
// is compiled for defines, for vectors of k_lanes rows:
//   Codes, Floats        k_lanes groups of 4 codes; k_lanes float32
//   load, store          unaligned
//   both, either, flip   bitwise and, or, exclusive or
//   each                 one byte, or one float32, everywhere
//   minus                of float32
//   to_floats            k_lanes bytes, signed or not
//   up, down             shifts of 16-bit lanes
//   look_up              a table of 16 bytes, by the lower four bits of each byte
//   load_halves          k_lanes binary16 values
//   load_powers          k_lanes E8M0 scales, 2^(e - 128)
// Included inside each translation unit; everything here is local to it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#if defined(__AVX512VNNI__)
#include "reference-engine/kernels/x86_avx512/simd.inl"
#else
#include "reference-engine/kernels/x86_avx2/simd.inl"
#endif

namespace assay {
namespace {

// A panel holds 16 rows. The lanes of its vectors are rows, so that no product ends with a sum
// across lanes.
constexpr std::size_t k_rows = 16;

constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

inline __m256i load_32(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}
inline void store_32(void* at, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
}

inline float half_to_float(const std::byte* at) {
  std::uint16_t bits;
  __builtin_memcpy(&bits, at, sizeof(bits));
  return _cvtsh_ss(bits);
}

inline float sum_of_lanes(__m256 v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

/// Copies `bytes` bytes of each of `rows` stored rows, `row_bytes` apart, in groups of `group`
/// bytes: to[g][r][group]. Rows that do not exist become zeros.
inline void interleave(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                       std::size_t bytes, std::size_t group, std::byte* to) {
  for (std::size_t g = 0; g < bytes / group; ++g) {
    for (std::size_t r = 0; r < k_rows; ++r, to += group) {
      if (r < rows) {
        __builtin_memcpy(to, from + r * row_bytes + g * group, group);
      } else {
        __builtin_memset(to, 0, group);
      }
    }
  }
}

/// Columns of codes from some block on.
struct Columns {
  const std::int8_t* codes;
  const float* scales;
  const std::int16_t* sums;
  std::size_t k;  // from column to column

  [[nodiscard]] Columns at(std::size_t column, std::size_t value) const {
    return {codes + column * k + value, scales + (column * k + value) / 32,
            sums + (column * k + value) / 16, k};
  }
};

}  // namespace
}  // namespace assay
