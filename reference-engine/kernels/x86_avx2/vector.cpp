#include "reference-engine/kernels/panels/vector.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

void f32_to_f16(const float* x, std::uint16_t* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < n; ++i) out[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
}

inline float largest_magnitude(const __m256 (&x)[4]) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  __m256 largest = _mm256_setzero_ps();
  // In this order a value that is not a number is left out.
  for (const __m256 v : x) largest = _mm256_max_ps(_mm256_andnot_ps(sign, v), largest);
  return largest_of_lanes(largest);
}

/// 32 values as codes, in order.
inline __m256i codes_of(const __m256 (&x)[4], float inverse) {
  const __m256 factor = _mm256_set1_ps(inverse);
  __m256i q[4];
  for (std::size_t i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], factor));
  const __m256i packed =
      _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
  const __m256i ordered =
      _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  return _mm256_max_epi8(ordered, _mm256_set1_epi8(-127));
}

void quantise_q8(const float* x, std::size_t k, std::int8_t* codes, float* scales,
                 std::int16_t* sums) {
  constexpr float k_smallest = 0x1p-126F;  // normal
  constexpr float k_largest = 0x1.fffffep+127F;
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t b = 0; b < k / 32; ++b) {
    __m256 values[4];
    for (std::size_t i = 0; i < 4; ++i) values[i] = _mm256_loadu_ps(x + b * 32 + i * 8);
    const float scale = largest_magnitude(values) / 127.0F;
    const bool usable = scale >= k_smallest && scale <= k_largest;
    scales[b] = usable ? scale : 0.0F;
    const __m256i q = usable ? codes_of(values, 1.0F / scale) : _mm256_setzero_si256();
    store(codes + b * 32, q);
    // Sums of 4 codes in 32-bit lanes, then of 8, then of 16 in lanes 0 and 4.
    __m256i s = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), q), ones);
    s = _mm256_add_epi32(s, _mm256_shuffle_epi32(s, 0x4E));
    s = _mm256_add_epi32(s, _mm256_shuffle_epi32(s, 0xB1));
    sums[2 * b] = static_cast<std::int16_t>(_mm256_extract_epi32(s, 0));
    sums[2 * b + 1] = static_cast<std::int16_t>(_mm256_extract_epi32(s, 4));
  }
}

}  // namespace

constinit const KernelTable k_avx2_vector{
    .isa = "avx2",
    .quantise_q8 = quantise_q8,
    .dot_f32 = dot_f32,
    .add_scaled = add_scaled,
    .sum_of_squares = sum_of_squares,
    .scale_by = scale_by,
    .maximum = maximum,
    .exp_sum = exp_sum,
    .soft_cap = soft_cap,
    .silu_multiply = silu_multiply,
    .advance_state = advance_state,
    .f32_to_f16 = f32_to_f16,
};

}  // namespace assay
