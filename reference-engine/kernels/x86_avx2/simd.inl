// What the AVX2 kernels share. Included inside each translation unit; everything here is local to
// it.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "reference-engine/kernel_table.hpp"

namespace assay {
namespace {

// A panel holds 16 rows: two vectors of 8 rows x 4 int8 codes, or of 8 float32. Its lanes are rows,
// so that no product ends with a sum across lanes.
constexpr std::size_t k_rows = 16;

inline __m256i load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
inline void store(void* at, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
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

/// 8 consecutive binary16 values.
inline __m256 load_halves(const std::byte* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
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

constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

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

}  // namespace
}  // namespace assay
